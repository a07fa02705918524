#include "rotation/reencryption_pace.h"

#include <algorithm>

namespace kw::rotation {

namespace {

// Below this a ratio says nothing: a fifth of a millisecond more is not a slow foreground.
constexpr double kNoise = 0.0002;
constexpr Millis kRestFirst{5}, kRestLast{2000};
// With a hundred times as much rest as work, fewer than one operation of a hundred meets a batch,
// and their p99 does not see how long that one waits. Beyond that a rest helps nobody.
constexpr int kRestPerWork = 120;
// Without a pause now and then nobody knows how the foreground fares without us.
constexpr int kCalmEvery = 16;
constexpr Millis kCalmRest{40};

}  // namespace

void BatchPace::size(Millis time) {
  if (time > aim_) {
    limit_ -= limit_ / 4;
  } else if (time * 2 < aim_) {
    limit_ += limit_ / 4;
  }
  limit_ = std::clamp(limit_, least_, most_);
}

// As long as helps at once when somebody suffers, and shorter after. How others fare without us is
// found out first.
Millis BatchPace::foreground_rest(const JobThrottle& throttle, Millis time,
                                  const Pressure& pressure) {
  const double allowed = static_cast<double>(throttle.foreground_percent_max) / 100;
  const double calm = pressure.calm_seconds, busy = pressure.busy_seconds;
  const bool suffers = calm > 0 && busy > calm * allowed && busy - calm > kNoise;
  if (suffers) {
    rest_ = std::clamp(time * kRestPerWork, kRestFirst, kRestLast);
  } else {
    rest_ = rest_ < kRestFirst ? Millis(0) : rest_ / 2;
  }
  const bool look = calm <= 0 || batches_ % kCalmEvery == 0;
  ++batches_;
  return look ? std::max(rest_, kCalmRest) : rest_;
}

Millis BatchPace::after(const JobThrottle& throttle, std::int64_t items, Millis time,
                        const Pressure& pressure) {
  size(time);
  Millis rest{0};
  if (pressure.busy_seconds > 0) rest = foreground_rest(throttle, time, pressure);
  if (throttle.per_second_max > 0) {
    rest = std::max(rest, Millis(items * 1000 / throttle.per_second_max) - time);
    limit_ = std::min(limit_, static_cast<std::size_t>(throttle.per_second_max));
  }
  return rest;
}

}  // namespace kw::rotation
