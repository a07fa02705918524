// How fast a job is and when it will be done: a moving average with its spread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "rotation/job.h"

namespace kw::rotation {

/// Items per second, averaged over about 20 s of wall time, rests included. Not thread-safe.
class JobRate {
 public:
  /// `items` more are done at `now`. Samples shorter than 250 ms are put together.
  void note(SteadyTime now, std::int64_t items);
  double per_second() const { return mean_; }
  /// Until `left` items are done: as likely earlier as later.
  std::optional<Millis> eta_p50(std::int64_t left) const;
  /// … and by then in nine of ten cases.
  std::optional<Millis> eta_p90(std::int64_t left) const;

 private:
  std::optional<SteadyTime> since_;
  std::int64_t pending_ = 0;
  double mean_ = 0, variance_ = 0;
  bool known_ = false;
};

}  // namespace kw::rotation
