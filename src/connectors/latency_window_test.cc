#include "connectors/latency_window.h"

#include <gtest/gtest.h>

namespace kw::connectors {
namespace {

TEST(LatencyWindow, says_nothing_before_it_knows_enough) {
  LatencyWindow window;
  for (int i = 0; i < 7; ++i) window.note(1);
  EXPECT_EQ(window.high_end(), 0);
  window.note(1);
  EXPECT_EQ(window.high_end(), 1);
}

TEST(LatencyWindow, answers_the_ninetieth_percentile_of_the_last_ones) {
  LatencyWindow window;
  for (int i = 0; i < 1000; ++i) window.note(100);
  for (int i = 1; i <= 64; ++i) window.note(i);
  EXPECT_EQ(window.high_end(), 58);
}

}  // namespace
}  // namespace kw::connectors
