#include "client/backoff.h"

#include <gtest/gtest.h>

namespace kw::client {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, spreads_each_wait_from_nothing_to_a_ceiling_that_doubles) {
  milliseconds longest[6] = {};
  milliseconds shortest[6];
  std::fill(std::begin(shortest), std::end(shortest), milliseconds(10'000));
  for (int round = 0; round < 2000; ++round) {
    Backoff backoff(milliseconds(100), milliseconds(1000));
    for (int i = 0; i < 6; ++i) {
      const milliseconds wait = backoff.next();
      longest[i] = std::max(longest[i], wait);
      shortest[i] = std::min(shortest[i], wait);
    }
    EXPECT_EQ(backoff.tries(), 6);
  }
  const int ceilings[6] = {100, 200, 400, 800, 1000, 1000};
  for (int i = 0; i < 6; ++i) {
    EXPECT_LE(longest[i].count(), ceilings[i]);
    EXPECT_GT(longest[i].count(), ceilings[i] * 9 / 10);
    EXPECT_LT(shortest[i].count(), ceilings[i] / 10);
  }
}

TEST(Backoff, does_not_overflow) {
  Backoff backoff(milliseconds(100), milliseconds(1000));
  for (int i = 0; i < 200; ++i) EXPECT_LE(backoff.next(), milliseconds(1000));
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds(100));
}

}  // namespace
}  // namespace kw::client
