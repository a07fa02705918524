#include "auth/held_clock.h"

#include <gtest/gtest.h>

namespace kw::auth {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const WallTime kStart = from_micros(1'800'000'000'000'000);

TEST(HeldClock, follows_a_good_clock) {
  FakeClock clock(kStart);
  const HeldClock held(clock);
  clock.advance(seconds(90));
  EXPECT_EQ(held.wall(), kStart + seconds(90));
}

TEST(HeldClock, does_not_go_back_and_does_not_stand_still) {
  FakeClock clock(kStart);
  const HeldClock held(clock);
  clock.advance(hours(2));
  EXPECT_EQ(held.wall(), kStart + hours(2));
  clock.jump_wall(-hours(1));
  EXPECT_EQ(held.wall(), kStart + hours(2));
  clock.advance(minutes(10));
  EXPECT_EQ(held.wall(), kStart + hours(2) + minutes(10));
}

TEST(HeldClock, follows_a_jump_ahead_and_stays_there) {
  FakeClock clock(kStart);
  const HeldClock held(clock);
  clock.jump_wall(hours(24));
  EXPECT_EQ(held.wall(), kStart + hours(24));
  clock.jump_wall(-hours(24));
  EXPECT_EQ(held.wall(), kStart + hours(24));
}

TEST(HeldClock, starts_no_earlier_than_an_earlier_process_ended) {
  FakeClock clock(kStart);
  HeldClock held(clock);
  held.raise_to(kStart + hours(3));
  EXPECT_EQ(held.wall(), kStart + hours(3));
  held.raise_to(kStart);
  EXPECT_EQ(held.wall(), kStart + hours(3));
}

TEST(HeldClock, leaves_a_mark_at_most_an_hour_ahead_of_monotonic_time) {
  FakeClock clock(kStart);
  const HeldClock held(clock);
  clock.advance(minutes(5));
  EXPECT_EQ(held.lasting(), kStart + minutes(5));
  clock.jump_wall(hours(24 * 3650));
  EXPECT_EQ(held.lasting(), kStart + minutes(5) + hours(1));
}

}  // namespace
}  // namespace kw::auth
