#include "agent/stagger.h"

#include <gtest/gtest.h>

#include <string>

namespace kw::agent {
namespace {

using std::chrono::milliseconds;

TEST(Stagger, is_the_same_for_the_same_instance) {
  const auto one = stagger("billing", "host-1", "web", milliseconds(60'000));
  EXPECT_EQ(one, stagger("billing", "host-1", "web", milliseconds(60'000)));
  EXPECT_NE(one, stagger("billing", "host-2", "web", milliseconds(60'000)));
  EXPECT_EQ(stagger("billing", "host-1", "web", milliseconds(0)), milliseconds(0));
}

TEST(Stagger, spreads_many_instances_evenly) {
  int tenths[10] = {};
  for (int i = 0; i < 10'000; ++i)
    ++tenths[stagger("c", "host-" + std::to_string(i), "web", milliseconds(9'999)).count() / 1000];
  for (const int count : tenths) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace kw::agent
