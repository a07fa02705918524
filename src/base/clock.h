// Time is injected: production code never reads a clock that a test cannot set.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kw {

/// Wall time in microseconds since 1970-01-01 00:00:00 UTC; for stamps and schedules.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
/// Monotonic time; for leases, timeouts and rates.
using SteadyTime = std::chrono::steady_clock::time_point;

/// The source of time. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual SteadyTime steady() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  WallTime wall() const override;
  SteadyTime steady() const override;
};

/// A clock that moves only when told to; both times advance together.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(WallTime start) : wall_us_(start.time_since_epoch().count()) {}
  WallTime wall() const override;
  SteadyTime steady() const override;
  void advance(std::chrono::microseconds by);
  /// Moves only the wall clock, as a bad time server would.
  void jump_wall(std::chrono::microseconds by);

 private:
  std::atomic<std::int64_t> wall_us_;
  std::atomic<std::int64_t> steady_us_{1'000'000};
};

/// RFC 3339 in UTC with microseconds only when they are not zero: "2026-11-20T13:00:00Z".
std::string rfc3339(WallTime time);
/// @errors kInvalidArgument(bad_time): not RFC 3339 with the zone `Z`.
Result<WallTime> parse_rfc3339(std::string_view text);

inline std::int64_t to_micros(WallTime time) {
  return time.time_since_epoch().count();
}
inline WallTime from_micros(std::int64_t micros) {
  return WallTime(std::chrono::microseconds(micros));
}

}  // namespace kw
