// The runner of jobs: starts, steers, lists and carries them on after a crash.
//
// A job has one worker thread on one node, under the lease "job:<id>"; kill it anywhere and another
// goes on from the checkpoint. Rows: table rotation_job. Thread-safe. Borrows everything it is
// given; stop_all() before any of it dies.
//
//   Jobs jobs({store, log, clock}, {&reencryption}, {&kek_rotations}, {});
//   KW_OK(store.write([&](store::Tx& tx) -> Status {
//     KW_TRY(job, jobs.start({tx, by}, wanted));
//     return ok();
//   }));
//   jobs.kick(job->id);
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "audit/change_log.h"
#include "base/clock.h"
#include "rotation/job.h"
#include "store/store.h"

namespace kw::rotation {

struct NewJob {
  std::string kind, tenant, subject, place;
  std::uint32_t from_version = 0, target_version = 0;
  JobThrottle throttle;
};

struct JobsHouse {
  store::Store& store;
  audit::ChangeLog& log;
  const Clock& clock;
};

class Jobs {
 public:
  struct Options {
    std::string node = "node-1";  ///< unique per process and start
    Millis save_interval{500};    ///< how often progress is written down, 0 ms to 10 s
    std::chrono::seconds lease{30};
    Millis retry_first{100}, retry_last{10'000};  ///< after a failure that may pass
  };
  Jobs(JobsHouse house, std::vector<JobWork*> works, std::vector<JobSource*> sources,
       Options options);
  ~Jobs();  ///< stops the workers; jobs stay durable

  /// Makes the job, or returns the open one for the same kind, subject and place. Then kick().
  /// @errors kInvalidArgument(unknown_job_kind | bad_job), kFailedPrecondition(job_open): another
  /// target @audit the change's event, later job.census, job.finish or job.fail
  Result<Job> start(JobChange change, const NewJob& wanted);

  // Steering; then kick(). @errors kNotFound(not_found), kFailedPrecondition(job_state |
  // job_finished), kAborted(job_changed)  @audit the change's event
  Result<Job> pause(JobChange change, const JobId& id);
  Result<Job> resume(JobChange change, const JobId& id);  ///< of a paused or failed job
  /// Back to from_version, item by item. @errors also kFailedPrecondition(not_reversible)
  Result<Job> roll_back(JobChange change, const JobId& id);
  /// @errors also kInvalidArgument(bad_job): out of range
  Result<Job> set_throttle(JobChange change, const JobId& id, const JobThrottle& throttle);

  Result<Job> show(const JobId& id);
  /// Newest first over all kinds. @param limit 1 to 1,000
  Result<std::vector<Job>> list(std::string_view tenant, std::optional<WallTime> before, int limit);

  /// Wakes or starts the worker: a verb's transaction committed.
  void kick(const JobId& id);
  /// Takes up what a stopped process left behind, and what a dead node's lease lets go: call when
  /// unsealed, and now and then.
  Status resume_all();
  void stop_all();  ///< waits for the slices at work

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::rotation
