#include "rotation/job_worker.h"

#include <sys/resource.h>

#include <thread>

#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "rotation/job_lease.h"
#include "rotation/job_rate.h"
#include "rotation/job_rows.h"

namespace kw::rotation {

namespace {

bool may_pass(const Error& failure) {
  return failure.code == Code::kUnavailable || failure.code == Code::kDeadlineExceeded ||
         failure.reason == "fenced" || failure.reason == "job_changed";
}

class Worker {
 public:
  Worker(const JobsHouse& house, const Jobs::Options& options, JobWork& work, JobSignal& signal)
      : house_(house), options_(options), work_(work), signal_(signal) {}

  Status run(const JobId& id) {
    KW_OK(load(id));
    return work_on();
  }

 private:
  bool at_work() {
    return !signal_.stopping() &&
           (job_.state == JobState::kRunning || job_.state == JobState::kRollingBack);
  }

  Status load(const JobId& id) {
    return house_.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(job_, load_job(reader, id));
      return ok();
    });
  }

  Status work_on() {
    while (at_work()) {
      KW_OK(hold_lease());
      const Status stepped = step();
      if (!stepped) {
        if (may_pass(stepped.error())) return keep_progress(stepped.error());
        return fail(stepped.error());
      }
      if (signal_.take_kick()) KW_OK(obey());
    }
    return unsaved_ ? save({}) : ok();
  }

  Status hold_lease() {
    if (lease_ && lease_->lost())
      return error(Code::kAborted, "fenced", "the lease of the job lapsed");
    if (lease_) return ok();
    KW_TRY(lease_, JobLease::take(house_.store, house_.clock,
                                  {"job:" + job_.id.text(), options_.node, options_.lease}));
    return ok();
  }

  Status step() {
    if (!session_) {
      KW_TRY(session_, work_.open(job_, lease_->fence()));
      // Foreground threads go first on a busy machine. Linux keeps niceness per thread and hands it
      // on to new ones: what the session began, to watch how others fare, is not held back.
      setpriority(PRIO_PROCESS, 0, 10);
      rate_ = JobRate();
    }
    KW_TRY(JobSlice slice, session_->step(job_));
    KW_FAILPOINT("rotation.job.slice");
    const bool moved_on =
        slice.progress.phase != job_.progress.phase || slice.progress.pass != job_.progress.pass;
    note_rate(slice.progress, moved_on);
    if (slice.foreground_ratio > 0) job_.foreground_ratio = slice.foreground_ratio;
    job_.progress = std::move(slice.progress);
    unsaved_ = true;
    if (slice.finished) return finish(slice);
    if (moved_on || slice.settle || house_.clock.steady() >= save_at_) KW_OK(save(slice.settle));
    if (slice.rest.count() > 0) signal_.wait(slice.rest);
    return ok();
  }

  void note_rate(const JobProgress& next, bool moved_on) {
    const std::int64_t more = next.counts.done - job_.progress.counts.done;
    rate_.note(house_.clock.steady(), moved_on ? 0 : more);
    const std::int64_t left = next.counts.total - next.counts.done;
    job_.rate = rate_.per_second();
    job_.eta_p50 = rate_.eta_p50(left);
    job_.eta_p90 = rate_.eta_p90(left);
  }

  using Body = std::function<Status(store::Tx&, const Job&)>;

  Status write(const Body& body) {
    Job after;
    KW_OK(house_.store.write(
        [&](store::Tx& tx) -> Status {
          after = job_;
          KW_OK(cluster::require_fence(tx, lease_->name(), lease_->fence()));
          if (body) KW_OK(body(tx, after));
          return save_job(tx, after, house_.clock.wall());
        },
        store::Priority::kBackground));
    job_ = std::move(after);
    save_at_ = house_.clock.steady() + options_.save_interval;
    unsaved_ = false;
    return ok();
  }

  // Somebody steered the job meanwhile: their word about state and throttle, ours about progress.
  Status save(const Body& body) {
    Status written = write(body);
    if (written || written.error().reason != "job_changed") return written;
    KW_OK(obey());
    return unsaved_ ? write(body) : ok();
  }

  // Reads what was ordered. A change of direction makes our progress void.
  Status obey() {
    const Job mine = job_;
    KW_OK(load(job_.id));
    if (job_.target_version != mine.target_version) {
      session_.reset();
      unsaved_ = false;
      return ok();
    }
    job_.progress = mine.progress;
    job_.last_failure = mine.last_failure;
    job_.last_failure_at = mine.last_failure_at;
    job_.rate = mine.rate;
    job_.foreground_ratio = mine.foreground_ratio;
    job_.eta_p50 = mine.eta_p50;
    job_.eta_p90 = mine.eta_p90;
    return ok();
  }

  // The checkpoint is worth writing though the slice after it failed, and so is why it failed.
  Status keep_progress(const Error& failure) {
    session_.reset();
    if (failure.reason != "job_changed") {
      job_.last_failure = failure.reason;
      job_.last_failure_at = house_.clock.wall();
      unsaved_ = true;
    }
    if (unsaved_ && lease_) static_cast<void>(save({}));
    return failure;
  }

  audit::Event event(std::string_view action) const {
    audit::Event event;
    event.action = action;
    event.actor = "keywright";
    event.method = "internal";
    event.tenant = job_.tenant;
    event.kind = "job";
    event.version = job_.target_version;
    event.count = job_.progress.counts.rewritten;
    return event;
  }

  Status end(JobState state, const Error* problem, const Body& settle) {
    const Job before = job_;
    job_.state = state;
    job_.problem = problem == nullptr ? std::string() : problem->reason;
    job_.eta_p50 = job_.eta_p90 = std::nullopt;
    const std::string name = job_.id.text();
    audit::Event leaf = event(problem == nullptr ? "job.finish" : "job.fail");
    if (problem != nullptr) {
      leaf.outcome = audit::Outcome::kFailed;
      leaf.reason = job_.problem;
    }
    leaf.object = name;
    leaf.from_state = job_state_name(before.state);
    leaf.to_state = job_state_name(state);
    Status written = write([&](store::Tx& tx, const Job&) -> Status {
      KW_OK(house_.log.append(tx, leaf));
      return settle ? settle(tx, before) : ok();
    });
    if (!written) job_ = before;
    return written;
  }

  // A job that was steered at its last moment goes by the order, and ends in its next life.
  Status finish(const JobSlice& slice) {
    const bool back = job_.state == JobState::kRollingBack;
    Status ended = end(back ? JobState::kRolledBack : JobState::kDone, nullptr, slice.settle);
    if (ended || ended.error().reason != "job_changed") return ended;
    return obey();
  }

  Status fail(const Error& problem) {
    session_.reset();
    Status ended = end(JobState::kFailed, &problem, {});
    if (ended || ended.error().reason != "job_changed") return ended;
    return obey();
  }

  const JobsHouse& house_;
  const Jobs::Options& options_;
  JobWork& work_;
  JobSignal& signal_;
  Job job_;
  std::unique_ptr<JobLease> lease_;
  std::unique_ptr<JobSession> session_;  // before the lease goes
  JobRate rate_;
  SteadyTime save_at_;
  bool unsaved_ = false;
};

}  // namespace

void JobSignal::kick() {
  const std::lock_guard lock(mutex);
  kicked = true;
  wake.notify_all();
}

void JobSignal::end() {
  const std::lock_guard lock(mutex);
  stop = true;
  wake.notify_all();
}

bool JobSignal::stopping() {
  const std::lock_guard lock(mutex);
  return stop;
}

void JobSignal::wait(Millis time) {
  std::unique_lock lock(mutex);
  wake.wait_for(lock, time, [this] { return stop || kicked; });
}

bool JobSignal::take_kick() {
  const std::lock_guard lock(mutex);
  return std::exchange(kicked, false);
}

Status run_job(const JobsHouse& house, const Jobs::Options& options, JobWork& work, const JobId& id,
               JobSignal& signal) {
  // Niceness cannot be taken back: each life has a thread of its own.
  Status outcome = ok();
  std::thread([&] { outcome = Worker(house, options, work, signal).run(id); }).join();
  return outcome;
}

}  // namespace kw::rotation
