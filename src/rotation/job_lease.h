// The lease of a job, kept alive by a heartbeat while slices run: a census of a large table may
// take longer than any lease. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "cluster/cluster.h"
#include "store/store.h"

namespace kw::rotation {

class JobLease {
 public:
  struct Terms {
    std::string name, holder;
    std::chrono::seconds time{30};
  };
  /// @errors kAborted(fenced): another holder has it; those of the store
  static Result<std::unique_ptr<JobLease>> take(store::Store& store, const Clock& clock,
                                                Terms terms);
  ~JobLease();  ///< gives it back
  JobLease(const JobLease&) = delete;
  JobLease& operator=(const JobLease&) = delete;

  const std::string& name() const { return terms_.name; }
  std::int64_t fence() const { return fence_; }
  /// It may be another's by now: begin nothing any more.
  bool lost() const { return lost_; }

 private:
  JobLease(store::Store& store, const Clock& clock, Terms terms, const cluster::Lease& first);
  void beat();

  store::Store& store_;
  const Clock& clock_;
  const Terms terms_;
  const std::int64_t fence_;
  SteadyTime good_until_;  // of the thread
  std::atomic<bool> lost_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace kw::rotation
