#include "auth/held_clock.h"

#include <algorithm>

namespace kw::auth {

using std::chrono::duration_cast;
using std::chrono::microseconds;

HeldClock::HeldClock(const Clock& source)
    : source_(source),
      first_offset_(to_micros(source.wall()) - steady_micros()),
      offset_(first_offset_) {}

std::int64_t HeldClock::steady_micros() const {
  return duration_cast<microseconds>(source_.steady().time_since_epoch()).count();
}

void HeldClock::raise_offset(std::int64_t offset) const {
  std::int64_t seen = offset_.load(std::memory_order_relaxed);
  while (offset > seen && !offset_.compare_exchange_weak(seen, offset, std::memory_order_relaxed)) {
  }
}

WallTime HeldClock::wall() const {
  const std::int64_t steady = steady_micros();
  raise_offset(to_micros(source_.wall()) - steady);
  return from_micros(steady + offset_.load(std::memory_order_relaxed));
}

void HeldClock::raise_to(WallTime seen) {
  raise_offset(to_micros(seen) - steady_micros());
}

WallTime HeldClock::lasting() const {
  constexpr std::int64_t kLead = microseconds(std::chrono::hours(1)).count();
  return std::min(wall(), from_micros(steady_micros() + first_offset_ + kLead));
}

}  // namespace kw::auth
