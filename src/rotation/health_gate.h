// What the two cohorts of a rollout say: go on, wait, or go back. Pure.
#pragma once

#include <string_view>

#include "rotation/policy.h"
#include "rotation/rotatable.h"

namespace kw::rotation {

enum class Advice : std::uint8_t { kHold, kAdvance, kRollBack };

struct HealthDecision {
  Advice advice = Advice::kHold;
  /// Stable: "", "soaking", "integrity_failure", "error_ratio", "latency", "telemetry_missing".
  std::string_view reason;
};

/// Decides at one percentage.
///
/// Back at once: one wrong answer of the new version; its error ratio above the old one's by more
/// than policy.error_margin + 3 sigma (two-proportion standard error, at least 20 operations); its
/// p99 more than policy.latency_ratio times the old one's (both known, at least 100 operations).
/// Back as well: soak_operations asked for and not one new operation after twice the soak (at least
/// 10 min). Otherwise on after `soak` and `soak_operations`.
/// @param elapsed  since this percentage was set.
HealthDecision decide(const Health& health, const EffectivePolicy& policy, Seconds elapsed);

}  // namespace kw::rotation
