#include "service/auditing.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace kw::service {

Result<std::vector<audit::Record>> audit_records(House& house, Call& call,
                                                 const audit::Query& query) {
  return consulted<std::vector<audit::Record>>(house, call,
                                               [&] { return house.changes.query(query); });
}

Result<Checkpoint> audit_checkpoint(House& house, Call& call) {
  const Status allowed = [&]() -> Status {
    KW_OK(require_open(house));
    return authorise(house, call, {});
  }();
  // Recorded before the work: a copy that is taken with this checkpoint then has an anchor for its
  // access log.
  KW_OK(record_and_wait(house, call, allowed));
  KW_OK(allowed);
  KW_OK(audit::anchor(house.changes, house.accesses));
  Checkpoint checkpoint;
  KW_TRY(checkpoint.note, house.changes.checkpoint());
  KW_TRY(checkpoint.verifier_key, house.changes.verifier_key());
  return checkpoint;
}

Result<audit::Proof> audit_inclusion(House& house, Call& call, std::int64_t index,
                                     std::int64_t size) {
  return consulted<audit::Proof>(house, call, [&] { return house.changes.inclusion(index, size); });
}

Result<audit::Proof> audit_consistency(House& house, Call& call, std::int64_t old_size,
                                       std::int64_t new_size) {
  return consulted<audit::Proof>(house, call,
                                 [&] { return house.changes.consistency(old_size, new_size); });
}

Result<Bytes> audit_tile(House& house, Call& call, std::string_view path) {
  return consulted<Bytes>(house, call, [&] { return house.changes.tile(path); });
}

Result<AccessLogState> audit_access_log(House& house, Call& call) {
  return consulted<AccessLogState>(house, call, [&]() -> Result<AccessLogState> {
    AccessLogState state;
    state.node = house.accesses.node();
    // The promises first: the size then covers them.
    KW_TRY(state.promises, house.accesses.promises());
    state.size = static_cast<std::int64_t>(house.accesses.size());
    return state;
  });
}

Result<std::vector<std::string>> audit_access_records(House& house, Call& call, std::int64_t first,
                                                      std::int64_t count) {
  return consulted<std::vector<std::string>>(house, call, [&] {
    return house.accesses.read(static_cast<std::uint64_t>(first), static_cast<std::size_t>(count));
  });
}

Status authorise_events(House& house, Call& call) {
  const auto allowed = consulted<bool>(house, call, []() -> Result<bool> { return true; });
  return status_of(allowed);
}

namespace {
constexpr std::chrono::milliseconds kPoll{200};
constexpr std::size_t kSubscribersMax = 256;
constexpr int kBatch = 256;
}  // namespace

struct EventStreams::State {
  struct Seat {
    std::int64_t after;
    Subscriber subscriber;
  };

  explicit State(audit::ChangeLog& log) : changes(log), thread([this] { run(); }) {}
  ~State() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    thread.join();
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      wake.wait_for(lock, kPoll, [this] { return stopping; });
      if (stopping) return;
      for (auto seat = seats.begin(); seat != seats.end();)
        seat = serve(*seat) ? std::next(seat) : seats.erase(seat);
    }
  }

  // Everything after the seat's position; false when its client is gone.
  bool serve(Seat& seat) {
    const auto size = changes.size();
    if (!size) return true;
    const std::int64_t last = std::min(*size - 1, seat.after + kBatch);
    for (std::int64_t seq = seat.after + 1; seq <= last; ++seq) {
      const auto record = changes.record(seq);
      if (!record || !*record) return true;
      if (!seat.subscriber(**record)) return false;
      seat.after = seq;
    }
    return true;
  }

  audit::ChangeLog& changes;
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<Seat> seats;
  bool stopping = false;
  std::thread thread;
};

EventStreams::EventStreams(audit::ChangeLog& changes) : state_(std::make_unique<State>(changes)) {}
EventStreams::~EventStreams() = default;

Status EventStreams::subscribe(std::int64_t after, Subscriber subscriber) {
  if (after < 0) {
    KW_TRY(const std::int64_t size, state_->changes.size());
    after = size - 1;
  }
  std::lock_guard lock(state_->mutex);
  if (state_->seats.size() >= kSubscribersMax)
    return error(Code::kResourceExhausted, "too_many_streams", "too many event streams are open");
  state_->seats.push_back({after, std::move(subscriber)});
  return ok();
}

}  // namespace kw::service
