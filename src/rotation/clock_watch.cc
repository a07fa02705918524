#include "rotation/clock_watch.h"

namespace kw::rotation {

namespace {

// A clock that is slewed by 500 ppm drifts 1.8 s in an hour: slow drift is no jump.
constexpr std::chrono::hours kAnchorAge{1};

}  // namespace

ClockWatch::ClockWatch(const Clock& clock, std::chrono::seconds tolerance)
    : clock_(clock), tolerance_(tolerance) {
  anchor();
}

void ClockWatch::anchor() {
  anchor_wall_ = clock_.wall();
  anchor_steady_ = clock_.steady();
}

WallTime ClockWatch::expected() const {
  return anchor_wall_ +
         std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady() - anchor_steady_);
}

WallTime ClockWatch::wall() const {
  const std::scoped_lock lock(mutex_);
  return frozen_ ? expected() : clock_.wall();
}

bool ClockWatch::look() {
  const std::scoped_lock lock(mutex_);
  const auto skew = clock_.wall() - expected();
  frozen_ = skew > tolerance_ || skew < -tolerance_;
  if (!frozen_ && clock_.steady() - anchor_steady_ > kAnchorAge) anchor();
  return frozen_;
}

bool ClockWatch::frozen() const {
  const std::scoped_lock lock(mutex_);
  return frozen_;
}

void ClockWatch::seen_before(WallTime time) {
  const std::scoped_lock lock(mutex_);
  if (time > expected() + tolerance_) anchor_wall_ += time - expected();
}

void ClockWatch::confirm() {
  const std::scoped_lock lock(mutex_);
  anchor();
  frozen_ = false;
}

std::chrono::microseconds ClockWatch::skew() const {
  const std::scoped_lock lock(mutex_);
  return clock_.wall() - expected();
}

}  // namespace kw::rotation
