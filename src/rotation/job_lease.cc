#include "rotation/job_lease.h"

namespace kw::rotation {

Result<std::unique_ptr<JobLease>> JobLease::take(store::Store& store, const Clock& clock,
                                                 Terms terms) {
  KW_TRY(const auto lease, cluster::acquire(store, clock, terms.name, terms.holder, terms.time));
  if (!lease) return error(Code::kAborted, "fenced", "another node works on this job");
  return std::unique_ptr<JobLease>(new JobLease(store, clock, std::move(terms), *lease));
}

JobLease::JobLease(store::Store& store, const Clock& clock, Terms terms,
                   const cluster::Lease& first)
    : store_(store),
      clock_(clock),
      terms_(std::move(terms)),
      fence_(first.fence),
      good_until_(first.good_until),
      thread_([this] { beat(); }) {}

JobLease::~JobLease() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
  static_cast<void>(cluster::release(store_, terms_.name, terms_.holder));
}

// A renewal that fails for the store's sake is tried again while the lease lasts.
void JobLease::beat() {
  const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(terms_.time) / 4;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_.wait_for(lock, pause, [this] { return stop_; });
    if (stop_) return;
    lock.unlock();
    const auto renewed = cluster::acquire(store_, clock_, terms_.name, terms_.holder, terms_.time);
    const bool kept = renewed && *renewed && (*renewed)->fence == fence_;
    if (kept) good_until_ = (*renewed)->good_until;
    if (!kept && (renewed || clock_.steady() >= good_until_)) lost_ = true;
    lock.lock();
    if (lost_) return;
  }
}

}  // namespace kw::rotation
