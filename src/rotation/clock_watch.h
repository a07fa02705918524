// Watches the wall clock against the steady one. A jump freezes what runs by schedule until the
// wall clock comes back or somebody confirms it. Thread-safe.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace kw::rotation {

/// As a Clock it tells the time to work by: the wall clock, or while that is frozen, where it would
/// be by the steady clock. So neither leases nor waits follow a jump.
class ClockWatch final : public Clock {
 public:
  ClockWatch(const Clock& clock, std::chrono::seconds tolerance);

  WallTime wall() const override;
  SteadyTime steady() const override { return clock_.steady(); }
  /// Compares the clocks now. @returns true while frozen.
  bool look();
  bool frozen() const;
  /// A time that this cluster has seen before: a wall clock behind it is frozen as well.
  void seen_before(WallTime time);
  /// The wall clock is right as it is.
  void confirm();
  /// Wall minus what the steady clock says it should be.
  std::chrono::microseconds skew() const;

 private:
  void anchor();
  WallTime expected() const;

  const Clock& clock_;
  const std::chrono::microseconds tolerance_;
  mutable std::mutex mutex_;
  WallTime anchor_wall_;
  SteadyTime anchor_steady_;
  bool frozen_ = false;
};

}  // namespace kw::rotation
