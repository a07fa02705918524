#include "store/latency.h"

#include <algorithm>
#include <cmath>

namespace kw::store {

namespace {

constexpr double kFirst = 1e-6;
constexpr double kPerOctave = 8;
constexpr std::uint64_t kFewest = 10;

std::int64_t slice_number(SteadyTime now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() /
         100;
}

std::size_t bucket_of(double seconds, std::size_t buckets) {
  const double place = std::ceil(std::log2(std::max(seconds, kFirst) / kFirst) * kPerOctave);
  return std::min(static_cast<std::size_t>(place), buckets - 1);
}

}  // namespace

void LatencyWindow::record(SteadyTime now, double seconds) {
  const std::int64_t number = slice_number(now);
  std::lock_guard lock(mutex_);
  Slice& slice = slices_[static_cast<std::size_t>(number) % kSlices];
  if (slice.number != number) slice = Slice{number, {}};
  ++slice.counts[bucket_of(seconds, kBuckets)];
}

Foreground LatencyWindow::last_second(SteadyTime now) const {
  const std::int64_t newest = slice_number(now);
  std::array<std::uint64_t, kBuckets> sums{};
  std::uint64_t total = 0;
  std::lock_guard lock(mutex_);
  for (const Slice& slice : slices_) {
    if (slice.number <= newest - static_cast<std::int64_t>(kSlices)) continue;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      sums[i] += slice.counts[i];
      total += slice.counts[i];
    }
  }
  if (total < kFewest) return {};
  const std::uint64_t above = total / 100;  // as many records may be slower than the answer
  std::uint64_t passed = 0;
  std::size_t bucket = kBuckets;
  while (bucket > 0 && passed <= above) passed += sums[--bucket];
  return {kFirst * std::exp2(static_cast<double>(bucket) / kPerOctave), static_cast<double>(total)};
}

}  // namespace kw::store
