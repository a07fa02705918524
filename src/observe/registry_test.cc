#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "observe/metrics.h"

namespace kw::observe {
namespace {

TEST(Registry, gives_the_same_instrument_for_the_same_name_and_labels) {
  Registry registry;
  Counter& first = registry.counter("a_total", "help", {{"x", "1"}, {"y", "2"}});
  EXPECT_EQ(&first, &registry.counter("a_total", "other help", {{"y", "2"}, {"x", "1"}}));
  EXPECT_NE(&first, &registry.counter("a_total", "help", {{"x", "2"}, {"y", "1"}}));
  EXPECT_NE(&first, &registry.counter("b_total", "help", {{"x", "1"}, {"y", "2"}}));
}

TEST(Registry, writes_the_prometheus_text_format) {
  Registry registry;
  registry.counter("requests_total", "Requests.", {{"status", "200"}}).add(3);
  registry.counter("requests_total", "Requests.", {{"status", "404"}});
  registry.gauge("sealed", "1 while sealed.").set(1);
  registry.gauge("ratio", "A ratio.", {{"key", "a"}}).set(0.25);
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP ratio A ratio.\n"
            "# TYPE ratio gauge\n"
            "ratio{key=\"a\"} 0.25\n"
            "# HELP requests_total Requests.\n"
            "# TYPE requests_total counter\n"
            "requests_total{status=\"200\"} 3\n"
            "requests_total{status=\"404\"} 0\n"
            "# HELP sealed 1 while sealed.\n"
            "# TYPE sealed gauge\n"
            "sealed 1\n");
}

TEST(Registry, writes_histograms_with_cumulative_buckets) {
  Registry registry;
  Histogram& plain = registry.histogram("commit_seconds", "Commits.");
  plain.record(0.002);
  plain.record(20);
  registry.histogram("op_seconds", "Ops.", {{"operation", "encrypt"}}).record(0.5);
  const std::string text = registry.prometheus_text();
  const auto has = [&](std::string_view line) { return text.find(line) != std::string::npos; };
  EXPECT_TRUE(
      has("# TYPE commit_seconds histogram\n"
          "commit_seconds_bucket{le=\"0.0005\"} 0\n"
          "commit_seconds_bucket{le=\"0.001\"} 0\n"
          "commit_seconds_bucket{le=\"0.0025\"} 1\n"))
      << text;
  EXPECT_TRUE(
      has("commit_seconds_bucket{le=\"10\"} 1\n"
          "commit_seconds_bucket{le=\"+Inf\"} 2\n"
          "commit_seconds_sum 20.002\n"
          "commit_seconds_count 2\n"))
      << text;
  EXPECT_TRUE(has("op_seconds_bucket{operation=\"encrypt\",le=\"0.5\"} 1\n"));
  EXPECT_TRUE(has("op_seconds_count{operation=\"encrypt\"} 1\n"));
}

TEST(Registry, escapes_labels_and_help) {
  Registry registry;
  registry.gauge("g", "one\ntwo \\ three", {{"k", "a\"b\\c\nd"}}).set(HUGE_VAL);
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP g one\\ntwo \\\\ three\n# TYPE g gauge\ng{k=\"a\\\"b\\\\c\\nd\"} +Inf\n");
}

TEST(Registry, sends_series_beyond_the_limit_into_one) {
  Registry registry;
  for (int i = 0; i < 2'000; ++i)
    registry.counter("a_total", "h", {{"i", std::to_string(i)}}).add();
  Counter& over = registry.counter("a_total", "h", {{"i", "2000"}});
  EXPECT_EQ(&over, &registry.counter("a_total", "h", {{"i", "2001"}}));
  EXPECT_NE(&over, &registry.counter("a_total", "h", {{"i", "7"}}));
  over.add(9);
  EXPECT_NE(registry.prometheus_text().find("a_total{overflow=\"true\"} 9\n"), std::string::npos);
}

TEST(Registry, keeps_references_valid_while_it_grows_and_is_read) {
  Registry registry;
  Counter& first = registry.counter("a_total", "h", {{"i", "first"}});
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&registry, &first] {
      for (int i = 0; i < 200; ++i) {
        registry.counter("a_total", "h", {{"i", std::to_string(i)}}).add();
        first.add();
        if (i % 50 == 0) {
          ASSERT_FALSE(registry.prometheus_text().empty());
        }
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(first.value(), 800u);
  EXPECT_EQ(registry.counter("a_total", "h", {{"i", "199"}}).value(), 4u);
}

TEST(RegistryDeathTest, aborts_when_a_name_is_misused) {
  Registry registry;
  registry.counter("a_total", "h");
  EXPECT_DEATH(registry.gauge("a_total", "h"), "contract broken");
  EXPECT_DEATH(registry.counter("1a", "h"), "contract broken");
  EXPECT_DEATH(registry.counter("a b", "h"), "contract broken");
  EXPECT_DEATH(registry.counter("b_total", "h", {{"l:x", "v"}}), "contract broken");
}

}  // namespace
}  // namespace kw::observe
