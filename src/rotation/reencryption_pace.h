// How much at once and how long to rest: a batch takes its aimed time; foreground work and the
// configured rate set the rests.
#pragma once

#include <cstddef>

#include "rotation/reencryption.h"

namespace kw::rotation {

/// Not thread-safe.
class BatchPace {
 public:
  BatchPace(std::size_t least, std::size_t most, Millis aim)
      : least_(least), most_(most), aim_(aim), limit_(least) {}

  std::size_t limit() const { return limit_; }
  /// A batch of `items` took `time`. @returns how long to rest
  Millis after(const JobThrottle& throttle, std::int64_t items, Millis time,
               const Pressure& pressure);

 private:
  void size(Millis time);
  Millis foreground_rest(const JobThrottle& throttle, Millis time, const Pressure& pressure);

  const std::size_t least_, most_;
  const Millis aim_;
  std::size_t limit_;
  Millis rest_{0};
  int batches_ = 0;
};

}  // namespace kw::rotation
