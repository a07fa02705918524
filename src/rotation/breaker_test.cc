#include "rotation/breaker.h"

#include <gtest/gtest.h>

#include "rotation/clock_watch.h"
#include "rotation/fair_queue.h"
#include "rotation/retry.h"

namespace kw::rotation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const SteadyTime kStart{seconds(1000)};
const WallTime kWall = from_micros(1'800'000'000'000'000);

TEST(Breaker, opens_after_five_failures_in_a_row) {
  Breaker breaker;
  for (int i = 0; i < 4; ++i) breaker.failed(kStart);
  EXPECT_TRUE(breaker.allow(kStart));
  breaker.succeeded();
  for (int i = 0; i < 4; ++i) breaker.failed(kStart);
  EXPECT_TRUE(breaker.allow(kStart));
  breaker.failed(kStart);
  EXPECT_FALSE(breaker.allow(kStart));
}

TEST(Breaker, opens_when_half_of_twenty_calls_fail) {
  Breaker breaker;
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(breaker.allow(kStart)) << i;
    breaker.succeeded();
    breaker.failed(kStart);
  }
  EXPECT_FALSE(breaker.allow(kStart));
}

TEST(Breaker, lets_one_call_try_after_ten_minutes) {
  Breaker breaker;
  for (int i = 0; i < 5; ++i) breaker.failed(kStart);
  EXPECT_FALSE(breaker.allow(kStart + minutes(10) - seconds(1)));
  EXPECT_TRUE(breaker.allow(kStart + minutes(10)));
  EXPECT_FALSE(breaker.allow(kStart + minutes(10)));
  breaker.failed(kStart + minutes(10));
  EXPECT_FALSE(breaker.allow(kStart + minutes(19)));
  EXPECT_TRUE(breaker.allow(kStart + minutes(20)));
  breaker.succeeded();
  EXPECT_TRUE(breaker.allow(kStart + minutes(20)));
  EXPECT_TRUE(breaker.allow(kStart + minutes(20)));
}

TEST(TypeBreaker, pauses_after_three_rollbacks_within_a_day) {
  TypeBreaker breaker;
  breaker.rolled_back(kWall);
  breaker.rolled_back(kWall + hours(1));
  EXPECT_FALSE(breaker.open(kWall + hours(1)));
  breaker.rolled_back(kWall + hours(2));
  EXPECT_TRUE(breaker.open(kWall + hours(23)));
  EXPECT_FALSE(breaker.open(kWall + hours(24)));
}

TEST(RetryDelays, stay_within_full_jitter) {
  RetryDelays delays(7);
  for (int attempts = 1; attempts <= 40; ++attempts) {
    const auto cap = std::min<std::chrono::microseconds>(
        hours(1), seconds(5) * (1LL << std::min(attempts - 1, 12)));
    for (int i = 0; i < 50; ++i) {
      const auto delay = delays.next(attempts);
      EXPECT_GE(delay, seconds(1));
      EXPECT_LE(delay, cap);
    }
  }
  RetryDelays again(7), same(7);
  EXPECT_EQ(again.next(9), same.next(9));
}

DueRun due(int rank, const std::string& tenant, const std::string& name, int at) {
  DueRun run;
  run.rank = rank;
  run.subject = {"key", tenant, name};
  run.next_at = kWall + seconds(at);
  return run;
}

TEST(FairQueue, goes_by_rank_then_shares_by_weight) {
  std::vector<DueRun> all;
  all.reserve(8);
  for (int i = 0; i < 6; ++i) all.push_back(due(3, "big", "b" + std::to_string(i), i));
  all.push_back(due(3, "small", "s0", 100));
  all.push_back(due(3, "small", "s1", 101));
  all.push_back(due(0, "other", "emergency", 500));
  std::string order;
  for (const DueRun& each : fair_order(all, {{"big", 2}})) order += each.subject.name + " ";
  EXPECT_EQ(order, "emergency b0 s0 b1 b2 s1 b3 b4 b5 ");
}

TEST(ClockWatch, freezes_for_jumps_and_not_for_drift) {
  FakeClock clock(kWall);
  ClockWatch watch(clock, seconds(60));
  for (int i = 0; i < 100; ++i) {
    clock.advance(hours(1));
    clock.jump_wall(seconds(2));
    EXPECT_FALSE(watch.look());
  }
  clock.jump_wall(-hours(1));
  EXPECT_TRUE(watch.look());
  clock.jump_wall(hours(1));
  EXPECT_FALSE(watch.look());
  const WallTime before = clock.wall();
  clock.jump_wall(hours(87'600));
  EXPECT_TRUE(watch.look());
  clock.advance(seconds(5));
  EXPECT_EQ(watch.wall(), before + seconds(5));
  watch.confirm();
  EXPECT_EQ(watch.wall(), clock.wall());
  EXPECT_FALSE(watch.look());
}

}  // namespace
}  // namespace kw::rotation
