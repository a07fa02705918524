// The worker of one KEK rotation: re-wraps slices until nothing is left, proves it by a census,
// retires the old version.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "keys/kek_rotation.h"

namespace kw::keys {

/// What a worker reports while it runs; read by other threads.
struct Progress {
  std::atomic<double> rate{0};
  std::atomic<double> foreground_ratio{0};
};

/// Everything a worker stands on; outlives it.
struct RewrapContext {
  store::Store& store;
  seal::Barrier& barrier;
  audit::ChangeLog& log;
  const Clock& clock;
  const KekRotations::Options& options;
  const std::atomic<bool>& stopping;
  std::function<void(std::chrono::microseconds)> rest;  ///< waits, but not beyond `stopping`
};

/// Runs the job until it is done, paused, failed or `stopping`. Failures that may pass are left to
/// the next start.
/// @errors kAborted(job_changed | fenced), kUnavailable(sealed | store_…),
/// kDataLoss(unwrap_failed): the job is marked failed.
Status run_rewrap(const RewrapContext& context, const JobId& id, Progress& progress);

}  // namespace kw::keys
