// How much at once and how long to rest, so that others and the configured rate are kept to.
#pragma once

#include <chrono>
#include <cstddef>

#include "rotation/reencryption.h"

namespace kw::rotation {

/// Not thread-safe.
class BatchPace {
 public:
  using Micros = std::chrono::microseconds;

  /// @param longest  what a batch takes at most, as far as `least` items allow it
  BatchPace(std::size_t least, std::size_t most, Millis longest)
      : least_(least), most_(most), longest_(longest), aim_(longest), limit_(least) {}

  std::size_t limit() const { return limit_; }
  /// A batch of `items` took `time`. @returns how long to rest
  Millis after(const JobThrottle& throttle, std::int64_t items, Micros time,
               const Pressure& pressure);

 private:
  Micros foreground_rest(Micros time, const Pressure& pressure);
  void adapt(const Pressure& pressure);
  void size(Micros time);

  const std::size_t least_, most_;
  const Micros longest_;
  Micros aim_;
  std::size_t limit_;
  double rests_per_batch_ = 0;
  std::uint64_t adapted_at_ = 0;  // operations seen
  Micros since_look_{0};
  bool watched_ = false;
};

}  // namespace kw::rotation
