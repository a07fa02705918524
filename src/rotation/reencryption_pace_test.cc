#include "rotation/reencryption_pace.h"

#include <gtest/gtest.h>

namespace kw::rotation {
namespace {

Pressure foreground(double calm, double busy) {
  Pressure pressure;
  pressure.calm_seconds = calm;
  pressure.busy_seconds = busy;
  return pressure;
}

TEST(BatchPace, grows_while_batches_are_quick_and_shrinks_when_they_are_slow) {
  BatchPace pace(100, 1000, Millis(50));
  EXPECT_EQ(pace.limit(), 100U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(pace.after({}, 100, Millis(5), {}), Millis(0));
  EXPECT_EQ(pace.limit(), 1000U);
  for (int i = 0; i < 20; ++i) pace.after({}, 1000, Millis(90), {});
  EXPECT_EQ(pace.limit(), 100U);
}

TEST(BatchPace, a_suffering_foreground_meets_fewer_than_one_batch_in_a_hundred_operations) {
  BatchPace pace(100, 1000, Millis(50));
  for (int i = 0; i < 20; ++i) pace.after({}, 100, Millis(5), foreground(0.010, 0.010));
  EXPECT_EQ(pace.limit(), 1000U);
  Millis last{0};
  EXPECT_EQ(pace.after({}, 100, Millis(10), foreground(0.010, 0.020)), Millis(1200)) << "at once";
  for (int i = 0; i < 20; ++i) last = pace.after({}, 100, Millis(90), foreground(0.010, 0.020));
  EXPECT_EQ(last, Millis(2000)) << "but the job always goes on";
  for (int i = 0; i < 20; ++i) last = pace.after({}, 100, Millis(40), foreground(0.010, 0.010));
  EXPECT_EQ(last, Millis(0)) << "the rests end when the foreground is well again";
}

TEST(BatchPace, an_allowed_or_a_tiny_difference_is_no_suffering) {
  BatchPace pace(100, 1000, Millis(50));
  pace.after({}, 100, Millis(20), foreground(0.010, 0.010));
  EXPECT_EQ(pace.after({}, 100, Millis(20), foreground(0.010, 0.0115)), Millis(0));
  EXPECT_EQ(pace.after({}, 100, Millis(20), foreground(0.00005, 0.0001)), Millis(0));
  EXPECT_GT(pace.after({}, 100, Millis(20), foreground(0.010, 0.0125)), Millis(0));
}

TEST(BatchPace, pauses_now_and_then_to_see_the_foreground_without_itself) {
  BatchPace pace(100, 1000, Millis(50));
  int pauses = 0;
  for (int i = 0; i < 32; ++i)
    pauses += pace.after({}, 100, Millis(20), foreground(0.010, 0.010)) > Millis(0) ? 1 : 0;
  EXPECT_EQ(pauses, 2);
  for (int i = 0; i < 8; ++i)
    EXPECT_GT(pace.after({}, 100, Millis(20), foreground(0, 0.010)), Millis(0)) << "not seen yet";
}

TEST(BatchPace, keeps_to_a_configured_rate) {
  BatchPace pace(100, 1000, Millis(50));
  JobThrottle throttle;
  throttle.per_second_max = 50;
  EXPECT_EQ(pace.after(throttle, 100, Millis(20), {}), Millis(1980));
  EXPECT_EQ(pace.limit(), 50U);
}

}  // namespace
}  // namespace kw::rotation
