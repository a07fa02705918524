#include "connectors/postgres_probe.h"

#include <algorithm>
#include <chrono>

#include "connectors/postgres_checkpoint.h"

namespace kw::connectors {

namespace {

using std::chrono::steady_clock;

// A probe is work too: it commits. It is often only until it knows how calm looks.
constexpr std::chrono::milliseconds kApartFirst{10}, kApart{20};
constexpr std::chrono::seconds kAfterFailure{5};
constexpr int kLagEvery = 50;
constexpr std::size_t kCalmFirst = 200, kCalmLeast = 100;
// What a batch left in memory is written to the disk in the background after it; others feel that.
constexpr std::chrono::milliseconds kAftermath{300};
// Below this a ratio says nothing: a tenth of a millisecond more is not a slow operation.
constexpr double kNoise = 0.0001;

}  // namespace

PostgresProbe::PostgresProbe(PostgresTerms terms, const std::string& own_schema,
                             std::string look_up, std::string job)
    : terms_(std::move(terms)),
      write_(probe_statement(own_schema)),
      look_up_(std::move(look_up)),
      job_(std::move(job)),
      thread_([this] { live(); }) {}

PostgresProbe::~PostgresProbe() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void PostgresProbe::batch_begins() {
  const std::lock_guard lock(mutex_);
  at_work_ = true;
  ++batches_;
}

void PostgresProbe::batch_ends() {
  const std::lock_guard lock(mutex_);
  if (at_work_) batch_ended_ = steady_clock::now();
  at_work_ = false;
}

void PostgresProbe::aim_at(std::vector<std::string> key) {
  const std::lock_guard lock(mutex_);
  key_ = std::move(key);
}

rotation::Pressure PostgresProbe::pressure(double allowed) {
  const std::lock_guard lock(mutex_);
  rotation::Pressure pressure;
  pressure.lag = lag_;
  pressure.watched = watching_;
  if (!watching_ || calm_.kept() < kCalmLeast) return pressure;
  pressure.calm_seconds = calm_.percentile(99);
  pressure.busy_seconds = all_.percentile(99);
  pressure.slow =
      all_.share_above(std::max(pressure.calm_seconds * allowed, pressure.calm_seconds + kNoise));
  pressure.seen = seen_;
  return pressure;
}

// A probe that fails measures nothing, and the job goes on unthrottled by it: what it would have
// told is a courtesy, not a guard. It tries again with a new connection.
void PostgresProbe::live() {
  std::unique_ptr<PostgresLink> link;
  std::unique_lock lock(mutex_);
  for (int turn = 0; !stop_; ++turn) {
    const std::vector<std::string> key = key_;
    lock.unlock();
    if (link == nullptr) {
      auto opened = PostgresLink::open(terms_);
      if (opened) link = *std::move(opened);
    }
    bool good = link != nullptr;
    if (good && !key.empty()) good = measure(*link, key).has_value();
    if (good && turn % kLagEvery == 0) good = measure_lag(*link).has_value();
    if (!good) link.reset();
    lock.lock();
    watching_ = good;
    wake_.wait_for(lock, pause(good), [this] { return stop_; });
  }
}

// Of chance, so that it falls into any moment of a batch.
std::chrono::microseconds PostgresProbe::pause(bool good) {
  if (!good) return kAfterFailure;
  const std::chrono::microseconds mean = calm_.kept() < kCalmFirst ? kApartFirst : kApart;
  return mean / 2 + mean * static_cast<int>(chance_() % 1000) / 1000;
}

Status PostgresProbe::measure(PostgresLink& link, const std::vector<std::string>& key) {
  std::unique_lock lock(mutex_);
  const std::uint64_t before = batches_;
  const auto began = steady_clock::now();
  bool met = at_work_ || began - batch_ended_ < kAftermath;
  lock.unlock();
  PostgresParams at;
  for (const std::string& value : key) at.text(value);
  KW_OK(link.ask(look_up_, at));
  PostgresParams job;
  job.text(job_);
  KW_OK(link.ask(write_, job));
  const std::chrono::duration<double> took = steady_clock::now() - began;
  lock.lock();
  met = met || batches_ != before;
  if (!met) calm_.note(took.count());
  all_.note(took.count());
  ++seen_;
  return ok();
}

// Who may not see the replicas sees no lag.
Status PostgresProbe::measure_lag(PostgresLink& link) {
  KW_TRY(const PostgresRows rows,
         link.ask("SELECT coalesce(max(extract(epoch from replay_lag) * 1000), 0)::bigint"
                  " FROM pg_stat_replication"));
  const std::lock_guard lock(mutex_);
  lag_ = rotation::Millis(rows.integer(0, 0));
  return ok();
}

}  // namespace kw::connectors
