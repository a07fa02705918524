// A circuit breaker for one target: it opens after 5 failures in a row or when half of the last 20
// calls failed, stays open for 10 minutes, then lets one call try. Not thread-safe: its owner
// locks.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"

namespace kw::rotation {

class Breaker {
 public:
  /// True when a call may begin. While half open only the first asker gets true.
  bool allow(SteadyTime now);
  void succeeded();
  void failed(SteadyTime now);
  bool open(SteadyTime now) const { return open_until_ && now < *open_until_; }

 private:
  void trip(SteadyTime now);

  int in_a_row_ = 0;
  std::uint32_t last_ = 0;  // one bit per call, 1 failed; the newest lowest
  int calls_ = 0;           // in last_, at most 20
  bool trying_ = false;     // the half-open call is under way
  std::optional<SteadyTime> open_until_;
};

/// Counts the rollbacks of one type: three in 24 h pause everything of that type that runs by
/// schedule, until they are older or an operator retries. Not thread-safe.
class TypeBreaker {
 public:
  void rolled_back(WallTime at);
  bool open(WallTime now) const;

 private:
  std::deque<WallTime> last_;  // at most three
};

}  // namespace kw::rotation
