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
  EXPECT_EQ(window.last_second(kStart).p99, 0);
  window.record(kStart, 0.5);
  EXPECT_GT(window.last_second(kStart).p99, 0.4);
}

TEST(LatencyWindow, leaves_out_the_slowest_hundredth) {
  LatencyWindow window;
  for (int i = 0; i < 990; ++i) window.record(kStart, 0.001);
  for (int i = 0; i < 10; ++i) window.record(kStart, 1.0);
  EXPECT_NEAR(window.last_second(kStart).p99, 0.001, 0.0001);
  window.record(kStart, 1.0);
  EXPECT_NEAR(window.last_second(kStart).p99, 1.0, 0.1);
}

TEST(LatencyWindow, forgets_after_a_second) {
  LatencyWindow window;
  record_ten(window, kStart, 0.5);
  EXPECT_GT(window.last_second(kStart + std::chrono::milliseconds(899)).p99, 0.4);
  EXPECT_EQ(window.last_second(kStart + std::chrono::milliseconds(1001)).p99, 0);
  record_ten(window, kStart + std::chrono::seconds(5), 0.001);
  EXPECT_LT(window.last_second(kStart + std::chrono::seconds(5)).p99, 0.002);
}

TEST(LatencyWindow, counts_those_of_the_last_second) {
  LatencyWindow window;
  record_ten(window, kStart, 0.5);
  record_ten(window, kStart + std::chrono::milliseconds(600), 0.5);
  EXPECT_EQ(window.last_second(kStart + std::chrono::milliseconds(700)).per_second, 20);
  EXPECT_EQ(window.last_second(kStart + std::chrono::milliseconds(1100)).per_second, 10);
}

TEST(LatencyWindow, takes_any_duration) {
  LatencyWindow window;
  for (const double seconds : {0.0, -1.0, 1e-9, 1e9}) record_ten(window, kStart, seconds);
  EXPECT_GT(window.last_second(kStart).p99, 100);
}

}  // namespace
}  // namespace kw::store
