#include "keys/rewrap_pace.h"

#include <algorithm>

namespace kw::keys {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr double kRatioMax = 1.15;   // 1.2 is promised
constexpr double kRatioGood = 1.08;  // below it the work may take more
constexpr std::size_t kSliceUnderTraffic = 512;
constexpr microseconds kRestFirst{1000};
constexpr microseconds kRestLeast{100};
constexpr microseconds kRestMost{20'000};
// A change shows in the latency of the last second only after a while.
constexpr milliseconds kBetweenChanges{250};
constexpr milliseconds kCalmFor{1100};
constexpr microseconds kRestForCalm{100'000};

}  // namespace

RewrapPace::RewrapPace(Bounds bounds, double calm_p99)
    : bounds_(bounds), calm_(calm_p99), slice_(bounds.slice_min) {}

void RewrapPace::look(SteadyTime now, double p99) {
  if (p99 <= 0) return open_up();
  if (!traffic_) {
    traffic_ = true;
    slice_ = bounds_.slice_min;
    rest_ = kRestFirst;
    calm_since_ = adapted_at_ = now;
  }
  if (calm_ <= 0) return measure_calm(now, p99);
  ratio_ = p99 / calm_;
  if (now - adapted_at_ < kBetweenChanges) return;
  adapted_at_ = now;
  adapt();
}

void RewrapPace::open_up() {
  traffic_ = false;
  ratio_ = 0;
  rest_ = microseconds(0);
  slice_ = std::clamp(slice_ + slice_ / 4 + 1, bounds_.slice_min, bounds_.slice_max);
}

void RewrapPace::measure_calm(SteadyTime now, double p99) {
  rest_ = kRestForCalm;
  if (now - calm_since_ < kCalmFor) return;
  calm_ = p99;
  rest_ = kRestFirst;
  adapted_at_ = now;
}

void RewrapPace::adapt() {
  if (ratio_ > kRatioMax) {
    if (slice_ > bounds_.slice_min)
      slice_ = std::max(slice_ / 2, bounds_.slice_min);
    else
      rest_ = std::clamp(rest_ * 2, kRestLeast, kRestMost);
  } else if (ratio_ < kRatioGood) {
    rest_ = rest_ / 2 < kRestLeast ? microseconds(0) : rest_ / 2;
    const std::size_t top = std::max(kSliceUnderTraffic, bounds_.slice_min);
    if (rest_.count() == 0) slice_ = std::min(slice_ + slice_ / 4 + 1, top);
  }
}

}  // namespace kw::keys
