#include "rotation/reencryption_pace.h"

#include <gtest/gtest.h>

#include <random>

namespace kw::rotation {
namespace {

using Micros = BatchPace::Micros;

Pressure foreground(double slow, std::uint64_t seen) {
  Pressure pressure;
  pressure.watched = true;
  pressure.calm_seconds = pressure.busy_seconds = 0.001;
  pressure.slow = slow;
  pressure.seen = seen;
  return pressure;
}

// Batches whose items take a tenth of a millisecond each, beside others who fare so.
class Batches {
 public:
  BatchPace pace{10, 1000, Millis(50)};

  // @returns the time worked and rested, without the pauses to look
  std::pair<Micros, Micros> go(int batches, double slow) {
    Micros worked{0}, rested{0};
    for (int i = 0; i < batches; ++i) {
      const Micros time(100 * static_cast<int>(pace.limit()));
      seen_ += 64;
      const Millis rest = pace.after({}, 10, time, foreground(slow, seen_));
      if (rest == Millis(1000)) {
        ++looks;
        continue;
      }
      worked += time;
      rested += rest;
    }
    return {worked, rested};
  }
  int looks = 0;

 private:
  std::uint64_t seen_ = 0;
};

TEST(BatchPace, grows_while_batches_are_quick_and_shrinks_when_they_are_slow) {
  BatchPace pace(10, 1000, Millis(50));
  EXPECT_EQ(pace.limit(), 10U);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(pace.after({}, 10, Micros(5000), {}), Millis(0));
  EXPECT_EQ(pace.limit(), 1000U);
  for (int i = 0; i < 40; ++i) pace.after({}, 1000, Micros(90'000), {});
  EXPECT_EQ(pace.limit(), 10U);
}

TEST(BatchPace, while_others_are_slow_batches_are_short_and_rests_get_long) {
  Batches batches;
  batches.go(1000, 0.02);
  EXPECT_LE(batches.pace.limit(), 25U);
  const auto [worked, rested] = batches.go(100, 0.02);
  EXPECT_GT(rested, worked * 300);
}

TEST(BatchPace, while_nobody_is_slow_rests_end_and_batches_get_long) {
  Batches batches;
  batches.go(400, 0.001);
  const auto [worked, rested] = batches.go(100, 0.001);
  EXPECT_EQ(rested, Micros(0));
  EXPECT_GT(worked, Micros(100 * 20'000));
}

TEST(BatchPace, a_share_as_it_may_be_changes_nothing) {
  Batches batches;
  batches.go(200, 0.02);
  const auto before = batches.go(100, 0.008);
  const auto after = batches.go(100, 0.008);
  EXPECT_NEAR(static_cast<double>(before.second.count()), static_cast<double>(after.second.count()),
              static_cast<double>(before.second.count()) / 5);
}

TEST(BatchPace, finds_the_pace_that_others_bear) {
  // The busier the job, the more operations are slow; a look sees 256 of them.
  const auto seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 chance(seed);
  BatchPace pace(10, 1000, Millis(50));
  double slow = 0, slow_sum = 0;
  std::uint64_t seen = 0;
  Micros worked{0}, rested{0};
  for (int round = 0; round < 1000; ++round) {
    worked = rested = Micros(0);
    while (worked + rested < Micros(5'000'000)) {
      const Micros time(100 * static_cast<int>(pace.limit()));
      worked += time;
      rested += pace.after({}, 10, time, foreground(slow, seen));
    }
    const double busy =
        static_cast<double>(worked.count()) / static_cast<double>((worked + rested).count());
    std::binomial_distribution<int> slow_ones(256, std::min(1.0, 0.004 + 0.05 * busy));
    slow = slow_ones(chance) / 256.0;
    seen += 256;
    if (round >= 500) slow_sum += 0.004 + 0.05 * busy;
  }
  EXPECT_LT(slow_sum / 500, 0.011) << "seed " << seed;
  EXPECT_GT(slow_sum / 500, 0.006) << "seed " << seed;
}

TEST(BatchPace, pauses_now_and_then_to_see_others_without_itself) {
  Batches batches;
  const auto [worked, rested] = batches.go(5000, 0.008);
  const double seconds = static_cast<double>((worked + rested).count()) / 1e6;
  EXPECT_NEAR(batches.looks, seconds / 8, 2);
}

TEST(BatchPace, a_job_goes_on_however_much_others_suffer) {
  Batches batches;
  batches.go(5000, 1);
  for (int i = 0; i < 100; ++i)
    EXPECT_LE(batches.pace.after({}, 10, Micros(90'000), foreground(1, 0)), Millis(2000));
}

TEST(BatchPace, looks_first_how_others_fare_without_it) {
  BatchPace pace(10, 1000, Millis(50));
  Pressure pressure;
  pressure.watched = true;
  EXPECT_GE(pace.after({}, 10, Micros(1000), pressure), Millis(1000));
}

TEST(BatchPace, keeps_to_a_configured_rate) {
  BatchPace pace(10, 1000, Millis(50));
  JobThrottle throttle;
  throttle.per_second_max = 5;
  EXPECT_EQ(pace.after(throttle, 10, Micros(20'000), {}), Millis(1980));
  EXPECT_EQ(pace.limit(), 5U);
  EXPECT_EQ(pace.after(throttle, 100, Micros(20'000), {}), Millis(19'980)) << "however long";
}

}  // namespace
}  // namespace kw::rotation
