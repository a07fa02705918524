#include "connectors/postgres_probe.h"

#include <chrono>

namespace kw::connectors {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetween{10};
constexpr std::chrono::seconds kAfterFailure{5};
constexpr int kLagEvery = 50;

}  // namespace

PostgresProbe::PostgresProbe(PostgresTerms terms, std::string own_schema, std::string look_up,
                             std::string job)
    : terms_(std::move(terms)),
      schema_(quoted_identifier(own_schema)),
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
  busy_ = true;
  ++batches_;
}

void PostgresProbe::batch_ends() {
  const std::lock_guard lock(mutex_);
  busy_ = false;
}

void PostgresProbe::aim_at(std::vector<std::string> key) {
  const std::lock_guard lock(mutex_);
  key_ = std::move(key);
}

rotation::Pressure PostgresProbe::pressure() {
  const std::lock_guard lock(mutex_);
  return {calm_seconds_.high_end(), busy_seconds_.high_end(), lag_};
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
    const std::chrono::milliseconds pause = good ? kBetween : kAfterFailure;
    wake_.wait_for(lock, pause, [this] { return stop_; });
  }
}

Status PostgresProbe::measure(PostgresLink& link, const std::vector<std::string>& key) {
  std::unique_lock lock(mutex_);
  const std::uint64_t before = batches_;
  bool met = busy_;
  lock.unlock();
  const auto began = steady_clock::now();
  PostgresParams at;
  for (const std::string& value : key) at.text(value);
  KW_OK(link.ask(look_up_, at));
  PostgresParams job;
  job.text(job_);
  KW_OK(link.ask("INSERT INTO " + schema_ +
                     ".foreground_probe AS p (job, at) VALUES ($1, now()) ON CONFLICT (job)"
                     " DO UPDATE SET at = excluded.at",
                 job));
  const std::chrono::duration<double> took = steady_clock::now() - began;
  lock.lock();
  met = met || busy_ || batches_ != before;
  (met ? busy_seconds_ : calm_seconds_).note(took.count());
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
