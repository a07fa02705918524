#include "keys/kek_rotation.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "audit/change_log.h"
#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "crypto/random.h"
#include "keys/job_store.h"
#include "keys/kek_rewrap.h"
#include "seal/barrier.h"

namespace kw::keys {

namespace {

constexpr std::chrono::milliseconds kRetryFirst{100};
constexpr std::chrono::milliseconds kRetryLast{10'000};

bool may_pass(const Error& failure) {
  return failure.code == Code::kUnavailable || failure.code == Code::kDeadlineExceeded ||
         failure.reason == "fenced";
}

Error job_state_error() {
  return error(Code::kFailedPrecondition, "job_state",
               "the job is not in a state that allows this");
}

Status require_open_job(const Job& job) {
  if (job.state != JobState::kDone && job.state != JobState::kRolledBack) return ok();
  return error(Code::kFailedPrecondition, "job_finished", "the job is finished");
}

}  // namespace

struct KekRotations::State {
  struct Worker {
    Progress progress;
    std::thread thread;
    bool finished = false;  // under mutex
    bool again = false;     // kicked while it ran
  };

  State(store::Store& s, seal::Barrier& b, audit::ChangeLog& l, const Clock& c, Options o)
      : store(s), barrier(b), log(l), clock(c), options(std::move(o)) {}

  void work(const JobId& id, Worker& worker) {
    const auto rest = [this](std::chrono::microseconds time) {
      std::unique_lock resting(mutex);
      wake.wait_for(resting, time, [this] { return stopping.load(); });
    };
    const RewrapContext context{store, barrier, log, clock, options, stopping, rest};
    std::chrono::milliseconds wait = kRetryFirst;
    std::unique_lock lock(mutex);
    while (!stopping) {
      worker.again = false;
      lock.unlock();
      const Status outcome = run_rewrap(context, id, worker.progress);
      lock.lock();
      worker.progress.rate = 0;
      if (worker.again) continue;
      if (outcome || !may_pass(outcome.error())) break;
      wake.wait_for(lock, wait, [&] { return stopping.load() || worker.again; });
      wait = std::min(wait * 2, kRetryLast);
    }
    worker.finished = true;
  }

  // Joins the finished, starts the missing.
  void start_worker(const JobId& id) {
    std::unique_lock lock(mutex);
    if (stopping) return;
    auto found = workers.find(id);
    if (found != workers.end() && !found->second->finished) {
      found->second->again = true;
      wake.notify_all();
      return;
    }
    if (found != workers.end()) {
      found->second->thread.join();
      workers.erase(found);
    }
    auto worker = std::make_unique<Worker>();
    Worker* raw = worker.get();
    workers.emplace(id, std::move(worker));
    raw->thread = std::thread([this, id, raw] { work(id, *raw); });
  }

  void stop() {
    std::map<JobId, std::unique_ptr<Worker>> leaving;
    {
      std::lock_guard lock(mutex);
      stopping = true;
      leaving.swap(workers);
    }
    wake.notify_all();
    for (auto& [id, worker] : leaving) worker->thread.join();
    std::lock_guard lock(mutex);
    stopping = false;
  }

  void add_progress(Job& job) {
    std::lock_guard lock(mutex);
    const auto found = workers.find(job.id);
    if (found == workers.end() || found->second->finished) return;
    job.rate = found->second->progress.rate;
    job.foreground_p99_ratio = found->second->progress.foreground_ratio;
  }

  Result<Job> steer(Change change, const JobId& id,
                    const std::function<Status(store::Tx&, Job&)>& body) {
    KW_TRY(Job job, load_job(change.tx, id));
    KW_OK(require_open_job(job));
    KW_OK(body(change.tx, job));
    KW_OK(save_job(change.tx, job, clock.wall()));
    audit::Event leaf = change.by;
    leaf.tenant = job.tenant_name;
    leaf.kind = "job";
    const std::string name = id.text();
    leaf.object = name;
    leaf.to_state = job_state_name(job.state);
    KW_OK(log.append(change.tx, leaf));
    return job;
  }

  store::Store& store;
  seal::Barrier& barrier;
  audit::ChangeLog& log;
  const Clock& clock;
  Options options;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable wake;
  std::map<JobId, std::unique_ptr<Worker>> workers;
};

KekRotations::KekRotations(store::Store& store, seal::Barrier& barrier, audit::ChangeLog& log,
                           const Clock& clock, Options options)
    : state_(std::make_unique<State>(store, barrier, log, clock, std::move(options))) {}

KekRotations::~KekRotations() {
  state_->stop();
}

Result<Job> KekRotations::start(Change change, const Tenant& tenant) {
  KW_TRY(auto open, open_job(change.tx, tenant.number));
  if (open) return *std::move(open);
  KW_TRY(const auto keks, state_->barrier.keks(change.tx, tenant.number));
  const auto primary = std::find_if(keks.begin(), keks.end(), [](const seal::KekVersion& kek) {
    return kek.state == seal::KekState::kPrimary;
  });
  if (primary == keks.end())
    return error(Code::kDataLoss, "no_primary_kek", "the tenant has no primary KEK");
  Job job;
  job.id = crypto::random_id<JobId>();
  job.tenant = tenant.number;
  job.tenant_name = tenant.name;
  job.phase = "rewrap";
  job.from_version = primary->version;
  job.created_at = job.updated_at = state_->clock.wall();
  KW_TRY(job.target_version, state_->barrier.create_kek(change.tx, tenant.number));
  KW_FAILPOINT("kek.rotate.created");
  KW_OK(state_->barrier.promote_kek(change.tx, tenant.number, job.target_version));
  KW_TRY(const auto head, change.tx.query_one("SELECT next - 1 FROM sealed_head WHERE tenant = $1",
                                              {tenant.number}));
  job.total = head ? head->integer(0) : 0;
  KW_OK(insert_job(change.tx, job));
  audit::Event leaf = change.by;
  leaf.kind = "kek";
  leaf.object = tenant.name;
  leaf.version = job.target_version;
  leaf.from_state = "pending";
  leaf.to_state = "primary";
  KW_OK(state_->log.append(change.tx, leaf));
  KW_OK(cluster::announce(change.tx, "kek:" + std::to_string(tenant.number)));
  return job;
}

Status KekRotations::resume_all() {
  std::vector<Job> jobs;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(jobs, list_jobs(reader, "", 100'000));
    return ok();
  }));
  for (const Job& job : jobs)
    if (job.state == JobState::kRunning || job.state == JobState::kRollingBack) kick(job.id);
  return ok();
}

void KekRotations::stop_all() {
  state_->stop();
}

Result<Job> KekRotations::pause(Change change, const JobId& id) {
  return state_->steer(change, id, [](store::Tx&, Job& job) -> Status {
    if (job.state != JobState::kRunning) return job_state_error();
    job.state = JobState::kPaused;
    return ok();
  });
}

Result<Job> KekRotations::resume(Change change, const JobId& id) {
  return state_->steer(change, id, [](store::Tx&, Job& job) -> Status {
    if (job.state != JobState::kPaused && job.state != JobState::kFailed) return job_state_error();
    job.state = job.target_version < job.from_version ? JobState::kRollingBack : JobState::kRunning;
    job.problem.clear();
    return ok();
  });
}

Result<Job> KekRotations::roll_back(Change change, const JobId& id) {
  return state_->steer(change, id, [this](store::Tx& tx, Job& job) -> Status {
    if (job.state == JobState::kRollingBack) return job_state_error();
    KW_OK(state_->barrier.restore_kek(tx, job.tenant, job.from_version));
    std::swap(job.from_version, job.target_version);
    job.state = JobState::kRollingBack;
    job.phase = "rewrap";
    job.cursor = 0;
    job.done = 0;
    job.problem.clear();
    return cluster::announce(tx, "kek:" + std::to_string(job.tenant));
  });
}

Result<Job> KekRotations::roll_back(Change change, const Tenant& tenant) {
  KW_TRY(const auto open, open_job(change.tx, tenant.number));
  if (!open) return error(Code::kNotFound, "not_found", "no re-wrap of this tenant is under way");
  return roll_back(change, open->id);
}

Result<Job> KekRotations::show(const JobId& id) {
  std::optional<Job> job;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(job, load_job(reader, id));
    return ok();
  }));
  state_->add_progress(*job);
  return *std::move(job);
}

Result<std::vector<Job>> KekRotations::list(std::string_view tenant, int limit,
                                            std::optional<WallTime> before) {
  std::vector<Job> jobs;
  KW_OK(state_->store.read([&](store::Reader& reader) -> Status {
    KW_TRY(jobs, list_jobs(reader, tenant, limit, before));
    return ok();
  }));
  for (Job& job : jobs) state_->add_progress(job);
  return jobs;
}

void KekRotations::kick(const JobId& id) {
  state_->start_worker(id);
}

}  // namespace kw::keys
