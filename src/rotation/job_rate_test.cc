#include "rotation/job_rate.h"

#include <gtest/gtest.h>

namespace kw::rotation {
namespace {

using std::chrono::milliseconds;

TEST(JobRate, knows_nothing_before_the_first_samples) {
  JobRate rate;
  EXPECT_EQ(rate.per_second(), 0);
  EXPECT_EQ(rate.eta_p50(10), std::nullopt);
  EXPECT_EQ(rate.eta_p90(0), Millis(0));
}

TEST(JobRate, a_steady_job_is_done_when_it_says) {
  JobRate rate;
  SteadyTime now;
  for (int i = 0; i < 100; ++i) rate.note(now += milliseconds(250), 50);
  EXPECT_NEAR(rate.per_second(), 200, 0.01);
  EXPECT_EQ(rate.eta_p50(1000), Millis(5000));
  EXPECT_EQ(rate.eta_p90(1000), Millis(5000));
}

TEST(JobRate, an_unsteady_job_gives_itself_more_time_but_not_for_ever) {
  JobRate rate;
  SteadyTime now;
  for (int i = 0; i < 200; ++i) rate.note(now += milliseconds(500), i % 2 == 0 ? 0 : 400);
  ASSERT_TRUE(rate.eta_p50(4000) && rate.eta_p90(4000));
  EXPECT_NEAR(static_cast<double>(rate.eta_p50(4000)->count()), 10'000, 1'000);
  EXPECT_GT(*rate.eta_p90(4000), *rate.eta_p50(4000) * 2);
  EXPECT_LE(*rate.eta_p90(4000), *rate.eta_p50(4000) * 11);
}

TEST(JobRate, follows_a_job_that_is_throttled) {
  JobRate rate;
  SteadyTime now;
  for (int i = 0; i < 100; ++i) rate.note(now += milliseconds(500), 500);
  for (int i = 0; i < 200; ++i) rate.note(now += milliseconds(500), 5);
  EXPECT_NEAR(rate.per_second(), 10, 10);
}

}  // namespace
}  // namespace kw::rotation
