#include "store/latency.h"

#include <gtest/gtest.h>

namespace kw::store {
namespace {

constexpr SteadyTime kStart{std::chrono::hours(1)};

void record_ten(LatencyWindow& window, SteadyTime now, double seconds) {
  for (int i = 0; i < 10; ++i) window.record(now, seconds);
}

TEST(LatencyWindow, is_zero_with_few_records) {
  LatencyWindow window;
  for (int i = 0; i < 9; ++i) window.record(kStart, 0.5);
  EXPECT_EQ(window.p99(kStart), 0);
  window.record(kStart, 0.5);
  EXPECT_GT(window.p99(kStart), 0.4);
}

TEST(LatencyWindow, leaves_out_the_slowest_hundredth) {
  LatencyWindow window;
  for (int i = 0; i < 990; ++i) window.record(kStart, 0.001);
  for (int i = 0; i < 10; ++i) window.record(kStart, 1.0);
  EXPECT_NEAR(window.p99(kStart), 0.001, 0.0001);
  window.record(kStart, 1.0);
  EXPECT_NEAR(window.p99(kStart), 1.0, 0.1);
}

TEST(LatencyWindow, forgets_after_a_second) {
  LatencyWindow window;
  record_ten(window, kStart, 0.5);
  EXPECT_GT(window.p99(kStart + std::chrono::milliseconds(899)), 0.4);
  EXPECT_EQ(window.p99(kStart + std::chrono::milliseconds(1001)), 0);
  record_ten(window, kStart + std::chrono::seconds(5), 0.001);
  EXPECT_LT(window.p99(kStart + std::chrono::seconds(5)), 0.002);
}

TEST(LatencyWindow, takes_any_duration) {
  LatencyWindow window;
  for (const double seconds : {0.0, -1.0, 1e-9, 1e9}) record_ten(window, kStart, seconds);
  EXPECT_GT(window.p99(kStart), 100);
}

}  // namespace
}  // namespace kw::store
