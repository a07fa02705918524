#include "observe/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace kw::observe {

namespace {

// Nanoseconds. Bucket 0 ends at 1 us; then eight powers of ten of 90 buckets each, (lower, upper];
// the last bucket holds what is longer than 100 s. Decimal edges make the Prometheus bounds fall on
// edges.
constexpr std::uint64_t kFirstNs = 1'000;
constexpr int kDecades = 8;
constexpr std::size_t kPerDecade = 90;
constexpr std::size_t kBuckets = 1 + kDecades * kPerDecade + 1;
constexpr double kNsPerSecond = 1e9;
constexpr double kLongestSeconds = 1e9;

constexpr std::array kBoundsNs = {
    500'000ull,       1'000'000ull,     2'500'000ull,     5'000'000ull,     10'000'000ull,
    25'000'000ull,    50'000'000ull,    100'000'000ull,   250'000'000ull,   500'000'000ull,
    1'000'000'000ull, 2'500'000'000ull, 5'000'000'000ull, 10'000'000'000ull};

std::size_t bucket_of(std::uint64_t ns) {
  if (ns <= kFirstNs) return 0;
  const std::uint64_t inside = ns - 1;  // an edge belongs to the bucket below it
  std::uint64_t decade_ns = kFirstNs;
  for (std::size_t decade = 0; decade < kDecades; ++decade, decade_ns *= 10)
    if (inside < decade_ns * 10) return 1 + decade * kPerDecade + (inside * 10 / decade_ns - 10);
  return kBuckets - 1;
}

// The upper edge of a bucket; the last has none and answers its lower one.
std::uint64_t edge_ns(std::size_t bucket) {
  if (bucket == 0) return kFirstNs;
  std::uint64_t decade_ns = kFirstNs;
  const std::size_t steps = std::min(bucket, kBuckets - 2) - 1;
  for (std::size_t decade = 0; decade < steps / kPerDecade; ++decade) decade_ns *= 10;
  return decade_ns / 10 * (steps % kPerDecade + 11);
}

// Threads lie far apart in memory, so the place of a thread-local byte tells them apart without any
// shared state.
std::size_t stripe_of_thread() {
  static thread_local const char here = 0;
  const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&here));
  return address * 0x9E3779B97F4A7C15 >> 61;
}

}  // namespace

void Counter::add(std::uint64_t by) noexcept {
  stripes_[stripe_of_thread()].value.fetch_add(by, std::memory_order_relaxed);
}

std::uint64_t Counter::value() const noexcept {
  std::uint64_t sum = 0;
  for (const Stripe& stripe : stripes_) sum += stripe.value.load(std::memory_order_relaxed);
  return sum;
}

Histogram::Histogram() : buckets_(kBuckets) {}

void Histogram::record(double seconds) noexcept {
  const double kept = seconds > 0 ? std::min(seconds, kLongestSeconds) : 0;  // NaN is not > 0
  const auto ns = static_cast<std::uint64_t>(std::llround(kept * kNsPerSecond));
  buckets_[bucket_of(ns)].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(ns, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const noexcept {
  std::uint64_t count = 0;
  for (const auto& bucket : buckets_) count += bucket.load(std::memory_order_relaxed);
  return count;
}

double Histogram::sum() const noexcept {
  return static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) / kNsPerSecond;
}

double Histogram::quantile(double fraction) const noexcept {
  const double wanted = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count());
  double below = 0;
  double lower_ns = kFirstNs;  // all that is shorter counts as this
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const auto here = static_cast<double>(buckets_[i].load(std::memory_order_relaxed));
    const auto upper_ns = static_cast<double>(edge_ns(i));
    if (here > 0 && below + here >= wanted)
      return (lower_ns + (upper_ns - lower_ns) * (wanted - below) / here) / kNsPerSecond;
    below += here;
    lower_ns = upper_ns;
  }
  return 0;
}

std::vector<std::pair<double, std::uint64_t>> Histogram::cumulative() const {
  std::vector<std::pair<double, std::uint64_t>> bounds;
  std::uint64_t below = 0;
  std::size_t bucket = 0;
  for (const std::uint64_t bound : kBoundsNs) {
    for (; bucket < kBuckets - 1 && edge_ns(bucket) <= bound; ++bucket)
      below += buckets_[bucket].load(std::memory_order_relaxed);
    bounds.emplace_back(static_cast<double>(bound) / kNsPerSecond, below);
  }
  return bounds;
}

}  // namespace kw::observe
