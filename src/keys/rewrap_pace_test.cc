#include "keys/rewrap_pace.h"

#include <gtest/gtest.h>

namespace kw::keys {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr RewrapPace::Bounds kBounds{128, 2048};
constexpr double kCalm = 0.0005;
constexpr microseconds kHeld{400};

struct Paced {
  explicit Paced(double calm) : pace(kBounds, calm) {}
  /// Slices for so long, while foreground writes take this.
  void go_on(milliseconds time, double p99) {
    for (const SteadyTime end = now + time; now < end; now += milliseconds(1))
      pace.look(now, p99, kHeld);
  }
  /// The part of the time in which a slice is being written.
  double share() const {
    return static_cast<double>(kHeld.count()) / static_cast<double>((kHeld + pace.rest()).count());
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

TEST(RewrapPace, meets_fewer_than_one_write_of_a_hundred_as_soon_as_somebody_writes) {
  Paced paced(kCalm);
  paced.go_on(milliseconds(50), 0);
  paced.go_on(milliseconds(1), kCalm);
  EXPECT_LT(paced.pace.slice(), kBounds.slice_max);
  EXPECT_LT(paced.share(), 0.01);
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

TEST(RewrapPace, takes_more_while_writes_do_not_feel_it_but_less_than_alone) {
  Paced paced(kCalm);
  paced.go_on(milliseconds(1), kCalm);
  const double first = paced.share();
  paced.go_on(seconds(20), kCalm);
  EXPECT_GT(paced.share(), first);
  EXPECT_GT(paced.pace.rest(), kHeld * 10);
  EXPECT_LT(paced.pace.slice(), kBounds.slice_max);
}

TEST(RewrapPace, a_slow_slice_makes_it_rest_for_half_a_second_and_no_longer) {
  RewrapPace pace(kBounds, kCalm);
  pace.look(SteadyTime(seconds(100)), kCalm, seconds(2));
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
  EXPECT_LT(paced.pace.rest(), milliseconds(100));
}

}  // namespace
}  // namespace kw::keys
