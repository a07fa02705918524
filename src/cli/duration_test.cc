#include "cli/duration.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace kw::cli {
namespace {

TEST(ParseDuration, reads_what_people_type) {
  EXPECT_EQ(*parse_duration("90"), std::chrono::seconds(90));
  EXPECT_EQ(*parse_duration("15m"), std::chrono::minutes(15));
  EXPECT_EQ(*parse_duration("7d"), std::chrono::hours(168));
  for (const char* text : {"", "h", "1w", "-1s", "1.5h", "9999999999999999999s", "400d"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(About, rounds_for_people) {
  EXPECT_EQ(about(std::chrono::seconds(119)), "119 s");
  EXPECT_EQ(about(std::chrono::minutes(119)), "119 min");
  EXPECT_EQ(about(std::chrono::hours(47)), "47 h");
  EXPECT_EQ(about(std::chrono::hours(45 * 24)), "45 d");
}

TEST(FromNow, speaks_of_before_and_after) {
  const WallTime now = SystemClock().wall();
  EXPECT_EQ(from_now(rfc3339(now + std::chrono::hours(45 * 24 + 1))), "in 45 d");
  EXPECT_EQ(from_now(rfc3339(now - std::chrono::minutes(3) - std::chrono::seconds(1))),
            "3 min ago");
  EXPECT_EQ(from_now("soon"), "");
}

}  // namespace
}  // namespace kw::cli
