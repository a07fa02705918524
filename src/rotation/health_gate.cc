#include "rotation/health_gate.h"

#include <algorithm>
#include <cmath>

namespace kw::rotation {

namespace {

constexpr std::int64_t kErrorSampleMin = 20;
constexpr std::int64_t kLatencySampleMin = 100;
constexpr Seconds kTelemetryPatience{600};

double ratio(std::int64_t errors, std::int64_t operations) {
  return operations <= 0 ? 0 : static_cast<double>(errors) / static_cast<double>(operations);
}

// Standard error of the difference of two proportions. Without any error it is 0, so the margin
// alone decides.
double sigma(const Health& h) {
  const auto part = [](double p, std::int64_t n) {
    return n <= 0 ? 0 : p * (1 - p) / static_cast<double>(n);
  };
  return std::sqrt(part(ratio(h.old_errors, h.old_operations), h.old_operations) +
                   part(ratio(h.new_errors, h.new_operations), h.new_operations));
}

bool errors_too_many(const Health& h, const EffectivePolicy& policy) {
  if (h.new_operations < kErrorSampleMin) return false;
  const double limit = ratio(h.old_errors, h.old_operations) + policy.error_margin + 3 * sigma(h);
  return ratio(h.new_errors, h.new_operations) > limit;
}

bool too_slow(const Health& h, const EffectivePolicy& policy) {
  if (h.new_operations < kLatencySampleMin || h.old_p99 <= 0 || h.new_p99 <= 0) return false;
  return h.new_p99 > policy.latency_ratio * h.old_p99;
}

}  // namespace

HealthDecision decide(const Health& health, const EffectivePolicy& policy, Seconds elapsed) {
  if (health.integrity_failure) return {Advice::kRollBack, "integrity_failure"};
  if (errors_too_many(health, policy)) return {Advice::kRollBack, "error_ratio"};
  if (too_slow(health, policy)) return {Advice::kRollBack, "latency"};
  const bool mute = policy.soak_operations > 0 && health.new_operations == 0;
  if (mute && elapsed >= std::max(2 * policy.soak, kTelemetryPatience))
    return {Advice::kRollBack, "telemetry_missing"};
  if (elapsed < policy.soak || health.new_operations < policy.soak_operations)
    return {Advice::kHold, "soaking"};
  return {Advice::kAdvance, ""};
}

}  // namespace kw::rotation
