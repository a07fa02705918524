#include "rotation/health_gate.h"

#include <gtest/gtest.h>

namespace kw::rotation {
namespace {

EffectivePolicy policy() {
  EffectivePolicy policy;
  policy.soak = Seconds(900);
  policy.soak_operations = 1000;
  policy.error_margin = 0.001;
  policy.latency_ratio = 1.5;
  return policy;
}

Health healthy() {
  Health health;
  health.old_operations = 100'000;
  health.old_errors = 100;
  health.new_operations = 2000;
  health.new_errors = 2;
  health.old_p99 = 0.010;
  health.new_p99 = 0.012;
  return health;
}

void expect(const HealthDecision& decision, Advice advice, std::string_view reason) {
  EXPECT_EQ(decision.advice, advice) << decision.reason;
  EXPECT_EQ(decision.reason, reason);
}

TEST(HealthGate, goes_on_after_soak_and_operations) {
  expect(decide(healthy(), policy(), Seconds(900)), Advice::kAdvance, "");
  expect(decide(healthy(), policy(), Seconds(899)), Advice::kHold, "soaking");
  Health few = healthy();
  few.new_operations = 999;
  expect(decide(few, policy(), Seconds(5000)), Advice::kHold, "soaking");
}

TEST(HealthGate, goes_back_at_once_for_one_wrong_answer) {
  Health health = healthy();
  health.integrity_failure = true;
  expect(decide(health, policy(), Seconds(0)), Advice::kRollBack, "integrity_failure");
}

// Old 0.1 % of 100,000; new n of 2,000. sigma = sqrt(0.001*0.999/100000 + p(1-p)/2000).
TEST(HealthGate, tells_errors_from_noise_by_margin_and_three_sigma) {
  Health health = healthy();
  health.new_errors = 10;  // 0.5 %; limit 0.1 + 0.1 + 3 x 0.158 = 0.675 %
  expect(decide(health, policy(), Seconds(0)), Advice::kHold, "soaking");
  health.new_errors = 20;  // 1 %; limit 0.1 + 0.1 + 3 x 0.223 = 0.868 %
  expect(decide(health, policy(), Seconds(0)), Advice::kRollBack, "error_ratio");
  health.new_operations = health.new_errors = 19;  // too few to judge
  expect(decide(health, policy(), Seconds(0)), Advice::kHold, "soaking");
  health.new_operations = health.new_errors = 20;
  expect(decide(health, policy(), Seconds(0)), Advice::kRollBack, "error_ratio");
}

TEST(HealthGate, compares_latencies_only_when_both_are_known) {
  Health health = healthy();
  health.new_p99 = 0.0151;
  expect(decide(health, policy(), Seconds(0)), Advice::kRollBack, "latency");
  health.old_p99 = 0;
  expect(decide(health, policy(), Seconds(0)), Advice::kHold, "soaking");
}

TEST(HealthGate, takes_missing_telemetry_for_a_failure) {
  Health mute = healthy();
  mute.new_operations = mute.new_errors = 0;
  expect(decide(mute, policy(), Seconds(1799)), Advice::kHold, "soaking");
  expect(decide(mute, policy(), Seconds(1800)), Advice::kRollBack, "telemetry_missing");
  EffectivePolicy unasked = policy();
  unasked.soak_operations = 0;
  expect(decide(mute, unasked, Seconds(1800)), Advice::kAdvance, "");
}

}  // namespace
}  // namespace kw::rotation
