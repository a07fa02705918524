#include "keys/rewrap_pace.h"

#include <algorithm>

namespace kw::keys {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr double kRatioMax = 1.1;            // 1.2 is promised
constexpr double kRatioGood = 1.04;          // below it the work may take more
constexpr std::size_t kSliceAtFirst = 1024;  // under traffic
// A slice is felt by writes that come while it is written, and by the one after it, whose sync
// carries its pages. A rest is so many times as long as both take. With a hundred, one write of a
// hundred would feel a slice; but others are slow by themselves, and the p99 is the fastest of all
// these. With 200, half of its place is theirs.
constexpr double kRestsFirst = 250, kRestsLeast = 200, kRestsMost = 1000;
constexpr microseconds kRestLeast{1000};
constexpr microseconds kRestMost{500'000};
// A change shows in the latency of the last second only after a while.
constexpr milliseconds kBetweenChanges{500};
constexpr milliseconds kCalmFor{1100};
constexpr microseconds kRestForCalm{100'000};

}  // namespace

RewrapPace::RewrapPace(Bounds bounds, double calm_p99)
    : bounds_(bounds), calm_(calm_p99), rests_per_slice_(kRestsFirst), slice_(bounds.slice_min) {}

void RewrapPace::look(SteadyTime now, const store::Foreground& others, microseconds held) {
  if (others.p99 <= 0) return open_up();
  if (!traffic_) {
    traffic_ = true;
    slice_ = std::clamp(kSliceAtFirst, bounds_.slice_min, bounds_.slice_max);
    rests_per_slice_ = kRestsFirst;
    calm_since_ = adapted_at_ = now;
  }
  if (calm_ <= 0) return measure_calm(now, others.p99);
  ratio_ = others.p99 / calm_;
  adapt(now);
  const Seconds one_write(1 / others.per_second);
  const auto rest = std::chrono::duration_cast<microseconds>(rests_per_slice_ * (held + one_write));
  fit_slice(held, one_write, rest);
  rest_ = std::clamp(rest, kRestLeast, kRestMost);
}

// The larger the slices, the fewer there are: they are as large as the longest rest makes up for,
// or as fits between two writes.
void RewrapPace::fit_slice(Seconds held, Seconds one_write, microseconds rest) {
  if (rest > kRestMost && held > one_write)
    slice_ = std::max(slice_ * 3 / 4, bounds_.slice_min);
  else if (rest < kRestMost * 3 / 4 || held < one_write / 2)
    grow();
}

void RewrapPace::open_up() {
  traffic_ = false;
  ratio_ = 0;
  rest_ = microseconds(0);
  grow();
}

void RewrapPace::grow() {
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
