#include "rotation/job_rate.h"

#include <algorithm>
#include <cmath>

namespace kw::rotation {

namespace {

constexpr double kShortest = 0.25, kMemory = 20;  // seconds
constexpr double kTenthPercentile = 1.2816;       // of the normal distribution, in deviations
constexpr double kSlowestShare = 0.1;             // a wide spread must not promise eternity
constexpr double kFarthest = 1e12;                // milliseconds

std::optional<Millis> time_for(std::int64_t left, double rate) {
  if (left <= 0) return Millis(0);
  if (rate <= 0) return std::nullopt;
  return Millis(static_cast<std::int64_t>(
      std::min(kFarthest, std::ceil(static_cast<double>(left) / rate * 1000))));
}

}  // namespace

void JobRate::note(SteadyTime now, std::int64_t items) {
  if (!since_) {
    since_ = now;
    return;
  }
  pending_ += items;
  const double seconds = std::chrono::duration<double>(now - *since_).count();
  if (seconds < kShortest) return;
  const double sample = static_cast<double>(pending_) / seconds;
  since_ = now;
  pending_ = 0;
  if (!known_) {
    mean_ = sample;
    known_ = true;
    return;
  }
  const double weight = 1 - std::exp(-seconds / kMemory);
  const double off = sample - mean_;
  mean_ += weight * off;
  variance_ = (1 - weight) * (variance_ + weight * off * off);
}

std::optional<Millis> JobRate::eta_p50(std::int64_t left) const {
  return time_for(left, mean_);
}

std::optional<Millis> JobRate::eta_p90(std::int64_t left) const {
  const double slow = mean_ - kTenthPercentile * std::sqrt(variance_);
  return time_for(left, std::max(slow, mean_ * kSlowestShare));
}

}  // namespace kw::rotation
