#include "connectors/latency_window.h"

#include <gtest/gtest.h>

namespace kw::connectors {
namespace {

TEST(LatencyWindow, an_empty_one_says_nothing) {
  const LatencyWindow window(64);
  EXPECT_EQ(window.kept(), 0U);
  EXPECT_EQ(window.percentile(99), 0);
  EXPECT_EQ(window.share_above(0), 0);
}

TEST(LatencyWindow, answers_percentiles_of_the_last_ones) {
  LatencyWindow window(100);
  for (int i = 0; i < 1000; ++i) window.note(1000);
  for (int i = 1; i <= 100; ++i) window.note(i);
  EXPECT_EQ(window.kept(), 100U);
  EXPECT_EQ(window.percentile(90), 91);
  EXPECT_EQ(window.percentile(99), 100);
  EXPECT_EQ(window.percentile(100), 100);
}

TEST(LatencyWindow, tells_which_share_took_longer) {
  LatencyWindow window(4);
  for (const double each : {1.0, 2.0, 3.0}) window.note(each);
  EXPECT_DOUBLE_EQ(window.share_above(2), 1.0 / 3);
  for (const double each : {5.0, 5.0, 5.0}) window.note(each);
  EXPECT_EQ(window.share_above(4), 0.75);
}

}  // namespace
}  // namespace kw::connectors
