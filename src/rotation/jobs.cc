#include "rotation/jobs.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>

#include "crypto/random.h"
#include "rotation/job_rows.h"
#include "rotation/job_worker.h"

namespace kw::rotation {

namespace {

constexpr int kListMax = 1000;
constexpr std::size_t kNameBytesMax = 200;
constexpr std::int64_t kPerSecondMax = 1'000'000'000;
constexpr std::int64_t kPercentMax = 10'000;
constexpr Millis kLagMax{24 * 3600 * 1000};

Error bad_job(std::string_view why) {
  return error(Code::kInvalidArgument, "bad_job", why);
}

Error job_state_error() {
  return error(Code::kFailedPrecondition, "job_state",
               "the job is not in a state that allows this");
}

Status check(const JobThrottle& throttle) {
  if (throttle.per_second_max < 0 || throttle.per_second_max > kPerSecondMax)
    return bad_job("a job does 0 (no limit) to 1,000,000,000 items per second");
  if (throttle.foreground_percent_max < 100 || throttle.foreground_percent_max > kPercentMax)
    return bad_job("the foreground latency may be 100 to 10,000 per cent");
  if (throttle.lag_max < Millis(0) || throttle.lag_max > kLagMax)
    return bad_job("the replication lag may be 0 to 24 hours");
  return ok();
}

bool fits(std::string_view name, std::size_t least) {
  return name.size() >= least && name.size() <= kNameBytesMax;
}

Status check(const NewJob& wanted) {
  if (!fits(wanted.tenant, 1) || !fits(wanted.subject, 1) || !fits(wanted.place, 0))
    return bad_job("names of a job have 1 to 200 bytes");
  if (wanted.target_version == 0 || wanted.target_version == wanted.from_version)
    return bad_job("a job goes from one version to another");
  return check(wanted.throttle);
}

}  // namespace

struct Jobs::State {
  struct Slot {
    JobSignal signal;
    std::thread thread;
    bool finished = false;  // under mutex
  };

  State(JobsHouse h, std::vector<JobWork*> w, std::vector<JobSource*> s, Options o)
      : house(h), works(std::move(w)), sources(std::move(s)), options(std::move(o)) {}

  JobWork* work_of(std::string_view kind) const {
    const auto found = std::find_if(works.begin(), works.end(),
                                    [&](JobWork* work) { return work->kind() == kind; });
    return found == works.end() ? nullptr : *found;
  }

  Result<Job> load(const JobId& id) {
    std::optional<Job> job;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(job, load_job(reader, id));
      return ok();
    }));
    return *std::move(job);
  }

  // A kick that comes while the worker leaves is not lost: it comes under the same mutex.
  bool leave(Slot& slot) {
    const std::lock_guard lock(mutex);
    slot.finished = !slot.signal.take_kick();
    return slot.finished;
  }

  void live(const JobId& id, JobWork& work, Slot& slot) {
    Millis wait = options.retry_first;
    for (;;) {
      const Status outcome = run_job(house, options, work, id, slot.signal);
      const bool over =
          outcome || outcome.error().code == Code::kNotFound || slot.signal.stopping();
      if (over && leave(slot)) return;
      if (over || slot.signal.take_kick()) wait = options.retry_first;
      if (over) continue;
      slot.signal.wait(wait);
      wait = std::min(wait * 2, options.retry_last);
    }
  }

  void start_worker(const JobId& id) {
    const auto job = load(id);
    JobWork* work = job ? work_of(job->kind) : nullptr;
    if (work == nullptr) return;
    const std::lock_guard lock(mutex);
    if (stopping) return;
    const auto found = slots.find(id);
    if (found != slots.end() && !found->second->finished) {
      found->second->signal.kick();
      return;
    }
    if (found != slots.end()) {
      found->second->thread.join();
      slots.erase(found);
    }
    if (job->state != JobState::kRunning && job->state != JobState::kRollingBack) return;
    Slot* slot = slots.emplace(id, std::make_unique<Slot>()).first->second.get();
    slot->thread = std::thread([this, id, work, slot] { live(id, *work, *slot); });
  }

  void stop() {
    std::map<JobId, std::unique_ptr<Slot>> leaving;
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      leaving.swap(slots);
    }
    for (auto& [id, slot] : leaving) slot->signal.end();
    for (auto& [id, slot] : leaving) slot->thread.join();
    const std::lock_guard lock(mutex);
    stopping = false;
  }

  using Steer = std::function<Status(Job&)>;

  Result<Job> steer(JobChange change, const JobId& id, const Steer& body) {
    KW_TRY(Job job, load_job(change.tx, id));
    if (finished(job.state))
      return error(Code::kFailedPrecondition, "job_finished", "the job is finished");
    const JobState before = job.state;
    KW_OK(body(job));
    KW_OK(save_job(change.tx, job, house.clock.wall()));
    KW_OK(append(change, job, job_state_name(before)));
    return job;
  }

  Status append(JobChange change, const Job& job, std::string_view from) {
    const std::string name = job.id.text();
    audit::Event leaf = change.by;
    leaf.tenant = job.tenant;
    leaf.kind = "job";
    leaf.object = name;
    leaf.version = job.target_version;
    leaf.from_state = from;
    leaf.to_state = job_state_name(job.state);
    KW_OK(house.log.append(change.tx, leaf));
    return ok();
  }

  // The source that has the job, when the job is not ours.
  Result<JobSource*> foreign(const JobId& id) {
    for (JobSource* source : sources) {
      const auto job = source->show(id);
      if (job) return source;
      if (job.error().code != Code::kNotFound) return job.error();
    }
    return error(Code::kNotFound, "not_found", "there is no such job");
  }

  using SourceVerb = Result<Job> (JobSource::*)(JobChange, const JobId&);

  Result<Job> steer_any(JobChange change, const JobId& id, const Steer& ours, SourceVerb theirs) {
    auto steered = steer(change, id, ours);
    if (steered || steered.error().code != Code::kNotFound || sources.empty()) return steered;
    KW_TRY(JobSource * source, foreign(id));
    return (source->*theirs)(change, id);
  }

  const JobsHouse house;
  const std::vector<JobWork*> works;
  const std::vector<JobSource*> sources;
  const Options options;
  std::mutex mutex;
  bool stopping = false;
  std::map<JobId, std::unique_ptr<Slot>> slots;
};

Jobs::Jobs(JobsHouse house, std::vector<JobWork*> works, std::vector<JobSource*> sources,
           Options options)
    : state_(std::make_unique<State>(house, std::move(works), std::move(sources),
                                     std::move(options))) {}

Jobs::~Jobs() {
  state_->stop();
}

Result<Job> Jobs::start(JobChange change, const NewJob& wanted) {
  KW_OK(check(wanted));
  if (state_->work_of(wanted.kind) == nullptr)
    return error(Code::kInvalidArgument, "unknown_job_kind", "no such kind of job can be started");
  Job job;
  job.id = crypto::random_id<JobId>();
  job.kind = wanted.kind;
  job.tenant = wanted.tenant;
  job.subject = wanted.subject;
  job.place = wanted.place;
  KW_TRY(auto open, open_job_like(change.tx, job));
  if (open) {
    if (open->target_version == wanted.target_version) return *std::move(open);
    return error(Code::kFailedPrecondition, "job_open",
                 "another job for the same data is not finished");
  }
  job.from_version = wanted.from_version;
  job.target_version = wanted.target_version;
  job.throttle = wanted.throttle;
  job.created_at = job.updated_at = state_->house.clock.wall();
  KW_OK(insert_job(change.tx, job));
  KW_OK(state_->append(change, job, "none"));
  return job;
}

Result<Job> Jobs::pause(JobChange change, const JobId& id) {
  const auto ours = [](Job& job) -> Status {
    if (job.state != JobState::kRunning) return job_state_error();
    job.state = JobState::kPaused;
    return ok();
  };
  return state_->steer_any(change, id, ours, &JobSource::pause);
}

Result<Job> Jobs::resume(JobChange change, const JobId& id) {
  const auto ours = [](Job& job) -> Status {
    if (job.state != JobState::kPaused && job.state != JobState::kFailed) return job_state_error();
    const bool back = job.target_version < job.from_version;
    job.state = back ? JobState::kRollingBack : JobState::kRunning;
    job.problem.clear();
    return ok();
  };
  return state_->steer_any(change, id, ours, &JobSource::resume);
}

Result<Job> Jobs::roll_back(JobChange change, const JobId& id) {
  const auto ours = [](Job& job) -> Status {
    if (job.state == JobState::kRollingBack) return job_state_error();
    if (job.from_version == 0 || job.target_version < job.from_version)
      return error(Code::kFailedPrecondition, "not_reversible",
                   "the job has no version to go back to");
    std::swap(job.from_version, job.target_version);
    job.state = JobState::kRollingBack;
    job.problem.clear();
    job.progress.phase.clear();
    job.progress.cursor.clear();
    job.progress.counts.done = 0;
    return ok();
  };
  return state_->steer_any(change, id, ours, &JobSource::roll_back);
}

Result<Job> Jobs::set_throttle(JobChange change, const JobId& id, const JobThrottle& throttle) {
  KW_OK(check(throttle));
  return state_->steer(change, id, [&](Job& job) -> Status {
    job.throttle = throttle;
    return ok();
  });
}

Result<Job> Jobs::show(const JobId& id) {
  auto job = state_->load(id);
  if (job || job.error().code != Code::kNotFound || state_->sources.empty()) return job;
  KW_TRY(JobSource * source, state_->foreign(id));
  return source->show(id);
}

Result<std::vector<Job>> Jobs::list(std::string_view tenant, std::optional<WallTime> before,
                                    int limit) {
  if (limit < 1 || limit > kListMax) return bad_job("a page has 1 to 1,000 jobs");
  std::vector<Job> jobs;
  KW_OK(state_->house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(jobs, list_jobs(reader, tenant, before, limit));
    return ok();
  }));
  for (JobSource* source : state_->sources) {
    KW_TRY(auto theirs, source->list(tenant, before, limit));
    std::move(theirs.begin(), theirs.end(), std::back_inserter(jobs));
  }
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.created_at > b.created_at; });
  if (jobs.size() > static_cast<std::size_t>(limit)) {
    jobs.erase(jobs.begin() + limit, jobs.end());
  }
  return jobs;
}

void Jobs::kick(const JobId& id) {
  state_->start_worker(id);
  for (JobSource* source : state_->sources) source->kick(id);
}

Status Jobs::resume_all() {
  std::vector<JobId> ids;
  KW_OK(state_->house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(ids, jobs_at_work(reader));
    return ok();
  }));
  for (const JobId& id : ids) state_->start_worker(id);
  return ok();
}

void Jobs::stop_all() {
  state_->stop();
}

}  // namespace kw::rotation
