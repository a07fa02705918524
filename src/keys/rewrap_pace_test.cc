#include "keys/rewrap_pace.h"

#include <gtest/gtest.h>

namespace kw::keys {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr RewrapPace::Bounds kBounds{128, 4096};
constexpr double kCalm = 0.0005;
constexpr microseconds kHeld{400};
constexpr double kPerSecond = 5000;

struct Paced {
  explicit Paced(double calm) : pace(kBounds, calm) {}
  /// Slices for so long, while foreground writes take this.
  void go_on(milliseconds time, double p99) {
    for (const SteadyTime end = now + time; now < end; now += milliseconds(1))
      pace.look(now, {p99, p99 > 0 ? kPerSecond : 0}, kHeld);
  }
  /// The part of the writes that feel a slice: those of its time, and the one behind it.
  double share() const {
    const double felt = static_cast<double>(kHeld.count()) / 1e6 + 1 / kPerSecond;
    return felt / (felt + static_cast<double>(pace.rest().count()) / 1e6);
  }
  RewrapPace pace;
  SteadyTime now{seconds(100)};
};

TEST(RewrapPace, grows_its_slices_and_never_rests_while_nobody_writes) {
  Paced paced(0);
  paced.go_on(milliseconds(50), 0);
  EXPECT_EQ(paced.pace.slice(), kBounds.slice_max);
  EXPECT_EQ(paced.pace.rest().count(), 0);
  EXPECT_EQ(paced.pace.ratio(), 0);
}

TEST(RewrapPace, is_felt_by_fewer_than_one_write_of_two_hundred_as_soon_as_somebody_writes) {
  Paced paced(kCalm);
  paced.go_on(milliseconds(50), 0);
  paced.go_on(milliseconds(1), kCalm);
  EXPECT_LT(paced.pace.slice(), kBounds.slice_max);
  EXPECT_LT(paced.share(), 0.005);
}

TEST(RewrapPace, rests_longer_and_longer_while_writes_are_slow_but_always_goes_on) {
  Paced paced(kCalm);
  paced.go_on(milliseconds(1), kCalm);
  const double first = paced.share();
  paced.go_on(seconds(20), kCalm * 2);
  EXPECT_LT(paced.share(), first / 3);
  EXPECT_LE(paced.pace.rest(), milliseconds(500));
  EXPECT_DOUBLE_EQ(paced.pace.ratio(), 2);
}

TEST(RewrapPace, takes_more_while_writes_do_not_feel_it_but_rests_enough) {
  Paced paced(kCalm);
  paced.go_on(milliseconds(1), kCalm);
  const double first = paced.share();
  paced.go_on(seconds(20), kCalm);
  EXPECT_GT(paced.share(), first);
  EXPECT_LT(paced.share(), 0.005);
}

TEST(RewrapPace, takes_slices_that_the_longest_rest_makes_up_for) {
  const auto slice_beside = [](double per_second, microseconds per_thousand) {
    RewrapPace pace(kBounds, kCalm);
    for (SteadyTime now{seconds(100)}; now < SteadyTime(seconds(140)); now += pace.rest())
      pace.look(now, {kCalm, per_second}, per_thousand * pace.slice() / 1000);
    return pace.slice();
  };
  EXPECT_EQ(slice_beside(1000, microseconds(100)), kBounds.slice_max);
  EXPECT_LT(slice_beside(1000, microseconds(3000)), 1500u) << "held for 4.5 ms";
  EXPECT_EQ(slice_beside(20, microseconds(3000)), kBounds.slice_max) << "fits between two writes";
}

TEST(RewrapPace, rests_longer_where_few_write_and_half_a_second_at_most) {
  const auto rest_beside = [](double per_second) {
    RewrapPace pace(kBounds, kCalm);
    pace.look(SteadyTime(seconds(100)), {kCalm, per_second}, kHeld);
    return pace.rest();
  };
  EXPECT_LT(rest_beside(5000), rest_beside(1000));
  EXPECT_GT(rest_beside(1000), milliseconds(100)) << "a hundred writes";
  EXPECT_EQ(rest_beside(20), milliseconds(500));
}

TEST(RewrapPace, a_slow_slice_makes_it_rest_for_half_a_second_and_no_longer) {
  RewrapPace pace(kBounds, kCalm);
  pace.look(SteadyTime(seconds(100)), {kCalm, kPerSecond}, seconds(2));
  EXPECT_EQ(pace.rest(), milliseconds(500));
}

TEST(RewrapPace, finds_out_what_is_calm_by_resting) {
  Paced paced(0);
  paced.go_on(milliseconds(10), 0);
  paced.go_on(milliseconds(500), kCalm * 3);
  EXPECT_EQ(paced.pace.rest(), milliseconds(100));
  EXPECT_EQ(paced.pace.ratio(), 0);
  paced.go_on(milliseconds(700), kCalm);
  EXPECT_NEAR(paced.pace.ratio(), 1, 1e-9);
  EXPECT_NE(paced.pace.rest(), milliseconds(100));
  EXPECT_LT(paced.share(), 0.005);
}

}  // namespace
}  // namespace kw::keys
