#include "keys/rewrap_pace.h"

#include <gtest/gtest.h>

namespace kw::keys {
namespace {

constexpr RewrapPace::Bounds kBounds{128, 2048};
constexpr double kCalm = 0.0005;

struct Paced {
  explicit Paced(double calm) : pace(kBounds, calm) {}
  /// Slices for so long, while foreground writes take this.
  void go_on(std::chrono::milliseconds time, double p99) {
    for (const SteadyTime end = now + time; now < end; now += std::chrono::milliseconds(1))
      pace.look(now, p99);
  }
  RewrapPace pace;
  SteadyTime now{std::chrono::seconds(100)};
};

TEST(RewrapPace, grows_its_slices_and_never_rests_while_nobody_writes) {
  Paced paced(0);
  paced.go_on(std::chrono::milliseconds(50), 0);
  EXPECT_EQ(paced.pace.slice(), kBounds.slice_max);
  EXPECT_EQ(paced.pace.rest().count(), 0);
  EXPECT_EQ(paced.pace.ratio(), 0);
}

TEST(RewrapPace, starts_small_as_soon_as_somebody_writes) {
  Paced paced(kCalm);
  paced.go_on(std::chrono::milliseconds(50), 0);
  paced.go_on(std::chrono::milliseconds(1), kCalm);
  EXPECT_EQ(paced.pace.slice(), kBounds.slice_min);
  EXPECT_GT(paced.pace.rest().count(), 0);
}

TEST(RewrapPace, rests_longer_and_longer_while_writes_are_slow) {
  Paced paced(kCalm);
  paced.go_on(std::chrono::seconds(5), kCalm * 2);
  EXPECT_EQ(paced.pace.slice(), kBounds.slice_min);
  EXPECT_EQ(paced.pace.rest(), std::chrono::milliseconds(20));
  EXPECT_DOUBLE_EQ(paced.pace.ratio(), 2);
}

TEST(RewrapPace, takes_more_while_writes_do_not_feel_it_but_less_than_alone) {
  Paced paced(kCalm);
  paced.go_on(std::chrono::seconds(10), kCalm);
  EXPECT_EQ(paced.pace.rest().count(), 0);
  EXPECT_GT(paced.pace.slice(), kBounds.slice_min);
  EXPECT_LT(paced.pace.slice(), kBounds.slice_max);
}

TEST(RewrapPace, finds_out_what_is_calm_by_resting) {
  Paced paced(0);
  paced.go_on(std::chrono::milliseconds(10), 0);
  paced.go_on(std::chrono::milliseconds(500), kCalm * 3);
  EXPECT_GT(paced.pace.rest(), std::chrono::milliseconds(20));
  EXPECT_EQ(paced.pace.ratio(), 0);
  paced.go_on(std::chrono::milliseconds(700), kCalm);
  EXPECT_NEAR(paced.pace.ratio(), 1, 1e-9);
  EXPECT_LT(paced.pace.rest(), std::chrono::milliseconds(20));
}

}  // namespace
}  // namespace kw::keys
