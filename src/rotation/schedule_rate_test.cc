#include "rotation/schedule_rate.h"

#include <gtest/gtest.h>

namespace kw::rotation {
namespace {

constexpr std::string_view kSeed = "seed";
const WallTime kStart = from_micros(1'800'000'000'000'000);

SubjectFacts facts_since(WallTime primary_since) {
  SubjectFacts facts;
  facts.subject = {"key", "acme", "orders"};
  facts.type = "dek";
  facts.primary = 1;
  facts.created_at = kStart;
  facts.primary_since = primary_since;
  return facts;
}

EffectivePolicy hourly() {
  EffectivePolicy policy;
  policy.interval = Seconds(3600);
  return policy;
}

TEST(ScheduleRate, an_hour_at_rate_sixty_takes_a_minute) {
  const ScheduleRate rate{kStart, 60};
  const WallTime since = kStart + Seconds(600);
  const auto due = next_due(facts_since(since), hourly(), since, as_bytes(kSeed), rate);
  ASSERT_TRUE(due && due->at);
  EXPECT_EQ(*due->at, since + Seconds(57));  // a twentieth is left for the run itself
}

TEST(ScheduleRate, rate_one_is_the_schedule_itself) {
  const ScheduleRate rate{kStart, 1};
  const auto due = next_due(facts_since(kStart), hourly(), kStart, as_bytes(kSeed), rate);
  const auto plain = next_due(facts_since(kStart), hourly(), kStart, as_bytes(kSeed));
  ASSERT_TRUE(due && plain);
  EXPECT_EQ(due->at, plain->at);
  EXPECT_EQ(due->at, std::optional(kStart + Seconds(3420)));
}

TEST(ScheduleRate, keeps_times_that_were_never_set_within_reach) {
  const ScheduleRate rate{kStart, 10'000};
  EXPECT_GT(rate.scheduled(WallTime{}), kStart - std::chrono::hours(24 * 366 * 100));
  EXPECT_LT(rate.scheduled(WallTime::max()), kStart + std::chrono::hours(24 * 366 * 100));
}

TEST(ScheduleRate, maps_times_before_the_start_as_well) {
  const ScheduleRate rate{kStart, 60};
  const WallTime before = kStart - Seconds(30);
  EXPECT_EQ(rate.scheduled(before), kStart - Seconds(1800));
  EXPECT_EQ(rate.real(rate.scheduled(before)), before);
}

}  // namespace
}  // namespace kw::rotation
