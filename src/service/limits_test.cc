#include "service/limits.h"

#include <gtest/gtest.h>

#include <string>

namespace kw::service {
namespace {

class RateLimiterTest : public testing::Test {
 protected:
  FakeClock clock{*parse_rfc3339("2026-11-20T13:00:00Z")};
};

TEST_F(RateLimiterTest, lets_a_burst_pass_and_then_the_rate) {
  RateLimiter limiter(clock, {2, 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.take("10.0.0.1"));
  const Status refused = limiter.take("10.0.0.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "rate_limited");
  EXPECT_EQ(refused.error().retry_after, std::chrono::seconds(1));
  clock.advance(std::chrono::milliseconds(500));
  EXPECT_TRUE(limiter.take("10.0.0.1"));
  EXPECT_FALSE(limiter.take("10.0.0.1"));
}

TEST_F(RateLimiterTest, keeps_sources_apart) {
  RateLimiter limiter(clock, {1, 1});
  EXPECT_TRUE(limiter.take("a"));
  EXPECT_TRUE(limiter.take("b"));
  EXPECT_FALSE(limiter.take("a"));
}

TEST_F(RateLimiterTest, stays_bounded_under_many_sources) {
  RateLimiter limiter(clock, {1, 1});
  for (int i = 0; i < 200'000; ++i) static_cast<void>(limiter.take(std::to_string(i)));
  EXPECT_TRUE(limiter.take("new"));
}

TEST_F(RateLimiterTest, does_nothing_when_switched_off) {
  RateLimiter limiter(clock, {0, 0});
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter.take("a"));
}

}  // namespace
}  // namespace kw::service
