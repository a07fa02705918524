// How many writes there were within the last second, and the 99th percentile of how long they took.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "base/clock.h"
#include "store/store.h"

namespace kw::store {

/// Durations in log-linear buckets (at most 10 % too high), kept in ten slices of 100 ms.
/// Thread-safe; time comes with each call.
class LatencyWindow {
 public:
  void record(SteadyTime now, double seconds);
  /// Zeros when fewer than ten were recorded in the second before `now`.
  Foreground last_second(SteadyTime now) const;

 private:
  static constexpr std::size_t kSlices = 10;
  static constexpr std::size_t kBuckets = 216;  // eight per octave, from 1 us to more than 100 s
  struct Slice {
    std::int64_t number = -1;
    std::array<std::uint32_t, kBuckets> counts{};
  };
  mutable std::mutex mutex_;
  std::array<Slice, kSlices> slices_;
};

}  // namespace kw::store
