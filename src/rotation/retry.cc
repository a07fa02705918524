#include "rotation/retry.h"

#include <algorithm>

namespace kw::rotation {

namespace {

using std::chrono::microseconds;
constexpr microseconds kFirst = std::chrono::seconds(5);
constexpr microseconds kLast = std::chrono::hours(1);
constexpr microseconds kLeast = std::chrono::seconds(1);
constexpr int kDoublings = 10;  // 5 s x 2^10 is beyond 1 h

}  // namespace

microseconds RetryDelays::next(int attempts) {
  const int doublings = std::clamp(attempts - 1, 0, kDoublings);
  const microseconds cap = std::min(kLast, kFirst * (1 << doublings));
  const std::scoped_lock lock(mutex_);
  const auto range = static_cast<std::uint64_t>((cap - kLeast).count()) + 1;
  return kLeast + microseconds(static_cast<std::int64_t>(random_() % range));
}

}  // namespace kw::rotation
