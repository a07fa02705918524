// A wall clock held at its high-water mark: it never goes back and never stands still.
//
// A clock that jumps back revives no expired token or approval; meanwhile time goes on at the
// monotonic rate, so that nothing lives longer either. Thread-safe, lock-free. Borrows `source`.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace kw::auth {

class HeldClock final : public Clock {
 public:
  explicit HeldClock(const Clock& source);

  /// The highest wall time that the source ever implied, carried on by its monotonic clock.
  WallTime wall() const override;
  SteadyTime steady() const override { return source_.steady(); }

  /// Never shows less than `seen` from now on: the mark that an earlier process left.
  void raise_to(WallTime seen);
  /// What may be kept for the next process: wall(), but at most 1 h ahead of what the monotonic
  /// clock supports since the start, so that a short jump far ahead is forgotten with the process.
  WallTime lasting() const;

 private:
  std::int64_t steady_micros() const;
  void raise_offset(std::int64_t offset) const;

  const Clock& source_;
  std::int64_t first_offset_;                 // wall minus monotonic at the start, microseconds
  mutable std::atomic<std::int64_t> offset_;  // the highest seen
};

}  // namespace kw::auth
