#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "store/row_set.h"

namespace kw::cluster {

namespace {

constexpr std::int64_t kKept = 10'000;
constexpr std::int64_t kPruneEvery = 256;
constexpr int kPage = 1'000;
constexpr std::size_t kWhatBytes = 256;

Result<std::int64_t> read_epoch(store::Reader& reader) {
  KW_TRY(const std::optional<store::Row> row,
         reader.query_one("SELECT epoch FROM change_epoch WHERE id = 1", {}));
  if (!row) return error(Code::kDataLoss, "no_change_epoch", "the change epoch is missing");
  return row->integer(0);
}

struct Page {
  std::int64_t from = 0;
  std::int64_t epoch = 0;  // of the last announcement taken in
  std::vector<std::string> what;
  bool more = false;
};

// What was announced after `page.from`, in order. A hole means that the rest was pruned or that the
// store went back in time (a restored backup): then only dropping everything is right.
Status read_page(store::Reader& reader, Page& page) {
  page.what.clear();
  page.more = false;
  KW_TRY(page.epoch, read_epoch(reader));
  if (page.epoch == page.from) return ok();
  KW_TRY(const store::Rows rows,
         reader.query("SELECT epoch, what FROM change WHERE epoch > $1 ORDER BY epoch LIMIT $2",
                      {page.from, kPage}));
  if (rows.empty() || rows.front().integer(0) != page.from + 1 || page.epoch < page.from) {
    page.what.emplace_back(kEverything);
    return ok();
  }
  page.more = rows.back().integer(0) < page.epoch;
  page.epoch = rows.back().integer(0);
  for (const store::Row& row : rows) page.what.push_back(row.text(1));
  return ok();
}

Error bad_announcement() {
  return error(Code::kInvalidArgument, "bad_announcement",
               "an announcement has 1 to 256 bytes; at most 5,000 at once");
}

}  // namespace

Status announce(store::Tx& tx, std::string_view what) {
  return announce_all(tx, {&what, 1});
}

Status announce_all(store::Tx& tx, std::span<const std::string_view> what) {
  const auto count = static_cast<std::int64_t>(what.size());
  if (count > kKept / 2) return bad_announcement();
  for (const std::string_view each : what)
    if (each.empty() || each.size() > kWhatBytes) return bad_announcement();
  if (count == 0) return ok();
  KW_FAILPOINT("cluster.announce");
  // The epoch's row is locked until commit, so a reader never sees epoch n + 1 without n.
  KW_TRY(const std::optional<store::Row> row,
         tx.query_one("UPDATE change_epoch SET epoch = epoch + $1 WHERE id = 1 RETURNING epoch",
                      {count}));
  if (!row) return error(Code::kDataLoss, "no_change_epoch", "the change epoch is missing");
  const std::int64_t last = row->integer(0);
  std::int64_t epoch = last - count;
  store::RowSet rows(2);
  for (const std::string_view each : what) rows.add({++epoch, each});
  KW_OK(
      tx.post_rows("WITH r (epoch, what) AS (/*rows*/)"
                   " INSERT INTO change (epoch, what) SELECT r.* FROM r",
                   rows));
  if (last / kPruneEvery != (last - count) / kPruneEvery)
    KW_OK(tx.post("DELETE FROM change WHERE epoch <= $1", {last - kKept}));
  return ok();
}

struct ChangeFeed::State {
  State(store::Store& the_store, const Clock& the_clock, Options the_options)
      : store(the_store), clock(the_clock), options(std::move(the_options)) {}

  Status poll();
  void run();

  store::Store& store;
  const Clock& clock;
  const Options options;
  std::int64_t epoch = 0;           // the feed's thread only
  std::atomic<SteadyTime> fresh{};  // when the last complete poll began

  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  bool wanted = false;       // somebody waits in catch_up
  std::uint64_t begun = 0;   // polls
  std::uint64_t caught = 0;  // the newest poll that completed
  std::thread thread;
};

Status ChangeFeed::State::poll() {
  const SteadyTime began = clock.steady();
  Page page;
  do {
    page.from = epoch;
    KW_OK(store.read([&](store::Reader& reader) { return read_page(reader, page); }));
    for (const std::string& what : page.what) options.on_change(what);
    epoch = page.epoch;
  } while (page.more);
  fresh.store(began, std::memory_order_release);
  return ok();
}

void ChangeFeed::State::run() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    wanted = false;
    const std::uint64_t mine = ++begun;
    lock.unlock();
    const bool complete = poll().has_value();
    lock.lock();
    if (complete) caught = mine;
    changed.notify_all();
    // After a failed poll nobody can hurry the next one: a failing store is not hammered.
    changed.wait_for(lock, options.poll, [&] { return stopping || (complete && wanted); });
  }
}

ChangeFeed::ChangeFeed(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<ChangeFeed>> ChangeFeed::start(store::Store& store, const Clock& clock,
                                                      Options options) {
  if (!options.on_change || options.poll < std::chrono::milliseconds(1) ||
      options.poll > std::chrono::seconds(10) || options.fence_after <= options.poll)
    return error(Code::kInvalidArgument, "bad_feed",
                 "a feed needs on_change, a poll time of 1 ms to 10 s and a longer fence_after");
  auto state = std::make_unique<State>(store, clock, std::move(options));
  State* const shared = state.get();
  shared->fresh.store(clock.steady());
  KW_OK(store.read([shared](store::Reader& reader) -> Status {
    KW_TRY(shared->epoch, read_epoch(reader));
    return ok();
  }));
  shared->thread = std::thread([shared] { shared->run(); });
  return std::unique_ptr<ChangeFeed>(new ChangeFeed(std::move(state)));
}

ChangeFeed::~ChangeFeed() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

bool ChangeFeed::fenced() const {
  const SteadyTime fresh = state_->fresh.load(std::memory_order_acquire);
  return state_->clock.steady() - fresh > state_->options.fence_after;
}

Status ChangeFeed::catch_up(std::chrono::milliseconds at_most) {
  // Real time on purpose: the bound is for a waiting caller, and the polls themselves run in real
  // time.
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  std::unique_lock lock(state_->mutex);
  const std::uint64_t needed = state_->begun + 1;  // a running poll may have read before the commit
  state_->wanted = true;
  state_->changed.notify_all();
  if (!state_->changed.wait_until(lock, deadline, [&] { return state_->caught >= needed; }))
    return error(Code::kDeadlineExceeded, "feed_late", "the change feed did not catch up in time");
  return ok();
}

}  // namespace kw::cluster
