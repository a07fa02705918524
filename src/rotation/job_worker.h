// The worker of one job: slices under the lease, checkpoints into the row, obeys what is written
// there.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "rotation/jobs.h"

namespace kw::rotation {

/// How others reach a worker that works or rests.
struct JobSignal {
  std::mutex mutex;
  std::condition_variable wake;
  bool kicked = false;  ///< the row was changed: read it again
  bool stop = false;

  void kick();
  void end();
  bool stopping();
  /// Up to `time`, or until something happens.
  void wait(Millis time);
  bool take_kick();
};

/// Runs the job until it is done, paused, failed or stopped.
/// @errors what may pass and is worth another try: kUnavailable, kDeadlineExceeded,
/// kAborted(fenced | job_changed)
Status run_job(const JobsHouse& house, const Jobs::Options& options, JobWork& work, const JobId& id,
               JobSignal& signal);

}  // namespace kw::rotation
