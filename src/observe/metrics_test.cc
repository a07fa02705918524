#include "observe/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <thread>

namespace kw::observe {
namespace {

TEST(Counter, sums_what_all_threads_add) {
  Counter counter;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&counter] {
      for (int n = 0; n < 10'000; ++n) counter.add();
      counter.add(5);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 80'040u);
}

TEST(Gauge, holds_the_last_value) {
  Gauge gauge;
  EXPECT_EQ(gauge.value(), 0);
  gauge.set(-1.5);
  EXPECT_EQ(gauge.value(), -1.5);
}

TEST(Histogram, is_empty_at_first) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.sum(), 0);
  EXPECT_EQ(histogram.quantile(0.5), 0);
  for (const auto& [bound, below] : histogram.cumulative()) EXPECT_EQ(below, 0u) << bound;
}

TEST(Histogram, finds_every_single_value_within_ten_percent) {
  // From a microsecond to 100 seconds.
  for (int step = 0; step <= 1353; ++step) {
    const double seconds = 1e-6 * std::pow(1.0137, step);
    Histogram histogram;
    histogram.record(seconds);
    for (double fraction : {0.001, 0.5, 1.0})
      ASSERT_NEAR(histogram.quantile(fraction), seconds, seconds * 0.1 + 1e-9) << fraction;
  }
}

TEST(Histogram, agrees_with_sorted_samples) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::lognormal_distribution<double> times(-7, 1.5);
  Histogram histogram;
  std::vector<double> samples;
  double sum = 0;
  for (int i = 0; i < 20'000; ++i) {
    samples.push_back(times(random));
    sum += samples.back();
    histogram.record(samples.back());
  }
  std::sort(samples.begin(), samples.end());
  for (double fraction : {0.01, 0.25, 0.5, 0.9, 0.99}) {
    const double exact = samples[static_cast<std::size_t>(fraction * 20'000)];
    EXPECT_NEAR(histogram.quantile(fraction), exact, exact * 0.11) << fraction;
  }
  EXPECT_EQ(histogram.count(), 20'000u);
  EXPECT_NEAR(histogram.sum(), sum, 1e-4);
  for (const auto& [bound, below] : histogram.cumulative()) {
    const auto exact = std::upper_bound(samples.begin(), samples.end(), bound) - samples.begin();
    EXPECT_NEAR(static_cast<double>(below), static_cast<double>(exact), 1)
        << bound;  // rounding to 1 ns
  }
}

TEST(Histogram, counts_a_value_on_a_bound_as_below_it) {
  const auto bounds = Histogram().cumulative();
  ASSERT_EQ(bounds.size(), 14u);
  EXPECT_EQ(bounds.front().first, 0.0005);
  EXPECT_EQ(bounds.back().first, 10.0);
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    Histogram histogram;
    histogram.record(bounds[i].first);
    EXPECT_EQ(histogram.cumulative()[i].second, 1u) << bounds[i].first;
    if (i > 0) {
      EXPECT_EQ(histogram.cumulative()[i - 1].second, 0u);
    }
    histogram.record(bounds[i].first + 2e-9);
    EXPECT_EQ(histogram.cumulative()[i].second, 1u) << bounds[i].first;
  }
}

TEST(Histogram, takes_any_number) {
  Histogram histogram;
  for (double seconds : {0.0, -1.0, std::nan(""), -HUGE_VAL, 1e-12, 1e-6})
    histogram.record(seconds);
  EXPECT_LE(histogram.quantile(1.0), 1e-6);
  for (double seconds : {100.1, 1e9, 1e300, HUGE_VAL, std::numeric_limits<double>::max()})
    histogram.record(seconds);
  EXPECT_EQ(histogram.count(), 11u);
  EXPECT_EQ(histogram.quantile(1.0), 100.0);
  EXPECT_EQ(histogram.quantile(std::nan("")), histogram.quantile(std::nan("")));
  EXPECT_EQ(histogram.quantile(7), 100.0);
}

TEST(Histogram, loses_nothing_between_threads) {
  Histogram histogram;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&histogram] {
      for (int n = 0; n < 10'000; ++n) histogram.record(0.001);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(histogram.count(), 40'000u);
  EXPECT_NEAR(histogram.sum(), 40.0, 1e-9);
}

}  // namespace
}  // namespace kw::observe
