#include "keys/rewrap_pace.h"

#include <algorithm>

namespace kw::keys {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr double kRatioMax = 1.1;    // 1.2 is promised
constexpr double kRatioGood = 1.04;  // below it the work may take more
constexpr std::size_t kSliceUnderTraffic = 512;
// A rest is so many times as long as its slice took. With a hundred or more, fewer than one write
// of a hundred meets a slice, and the p99 does not see how long that one waits.
constexpr double kRestsFirst = 150, kRestsLeast = 50, kRestsMost = 500;
constexpr microseconds kRestLeast{1000};
constexpr microseconds kRestMost{500'000};
// A change shows in the latency of the last second only after a while.
constexpr milliseconds kBetweenChanges{500};
constexpr milliseconds kCalmFor{1100};
constexpr microseconds kRestForCalm{100'000};

}  // namespace

RewrapPace::RewrapPace(Bounds bounds, double calm_p99)
    : bounds_(bounds), calm_(calm_p99), rests_per_slice_(kRestsFirst), slice_(bounds.slice_min) {}

void RewrapPace::look(SteadyTime now, double p99, microseconds held) {
  if (p99 <= 0) return open_up();
  if (!traffic_) {
    traffic_ = true;
    slice_ = std::clamp(kSliceUnderTraffic, bounds_.slice_min, bounds_.slice_max);
    rests_per_slice_ = kRestsFirst;
    calm_since_ = adapted_at_ = now;
  }
  if (calm_ <= 0) return measure_calm(now, p99);
  ratio_ = p99 / calm_;
  adapt(now);
  const auto rest = std::chrono::duration_cast<microseconds>(rests_per_slice_ * held);
  rest_ = std::clamp(rest, kRestLeast, kRestMost);
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
  adapted_at_ = now;
}

void RewrapPace::adapt(SteadyTime now) {
  if (now - adapted_at_ < kBetweenChanges) return;
  adapted_at_ = now;
  if (ratio_ > kRatioMax) rests_per_slice_ = std::min(rests_per_slice_ * 1.5, kRestsMost);
  if (ratio_ < kRatioGood) rests_per_slice_ = std::max(rests_per_slice_ * 0.9, kRestsLeast);
}

}  // namespace kw::keys
