#include "rotation/duration_text.h"

#include <gtest/gtest.h>

namespace kw::rotation {
namespace {

using std::chrono::seconds;

TEST(DurationText, reads_every_unit_and_their_sums) {
  EXPECT_EQ(*parse_duration("90s"), seconds(90));
  EXPECT_EQ(*parse_duration("15min"), seconds(900));
  EXPECT_EQ(*parse_duration("12h"), seconds(43'200));
  EXPECT_EQ(*parse_duration("45d"), seconds(45 * 86'400));
  EXPECT_EQ(*parse_duration("2w"), seconds(14 * 86'400));
  EXPECT_EQ(*parse_duration("1mo"), seconds(30 * 86'400));
  EXPECT_EQ(*parse_duration("1y"), seconds(365 * 86'400));
  EXPECT_EQ(*parse_duration("1d12h"), seconds(36 * 3'600));
  EXPECT_EQ(*parse_duration("0s"), seconds(0));
}

TEST(DurationText, refuses_what_is_not_exactly_a_duration) {
  for (const char* text :
       {"", "d", "45", "45 d", "-1d", "+1d", "01d", "1.5h", "1m", "12h1d", "1d1d", "1D", "101y",
        "9999999999999999999s", "1d ", "100y1s", "45d\n"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(DurationText, writes_what_reads_back_alike) {
  EXPECT_EQ(duration_text(seconds(0)), "0s");
  EXPECT_EQ(duration_text(seconds(45 * 86'400)), "45d");
  EXPECT_EQ(duration_text(seconds(90'061)), "1d1h1min1s");
  for (std::int64_t n = 1; n < kDurationMax.count(); n = n * 3 + 7)
    EXPECT_EQ(*parse_duration(duration_text(seconds(n))), seconds(n));
}

TEST(DurationText, counts_are_numbers_or_powers_of_two) {
  EXPECT_EQ(*parse_count("2^31"), std::int64_t{1} << 31);
  EXPECT_EQ(*parse_count("1000"), 1000);
  EXPECT_EQ(count_text(std::int64_t{1} << 31), "2^31");
  EXPECT_EQ(count_text(1000), "1000");
  for (const char* text : {"", "2^", "2^63", "2^031", "-1", "1e3", "5000000000000000000", "2^3x"})
    EXPECT_FALSE(parse_count(text).has_value()) << text;
}

TEST(DurationText, sizes_have_a_binary_unit) {
  EXPECT_EQ(*parse_size("1TiB"), std::int64_t{1} << 40);
  EXPECT_EQ(size_text(std::int64_t{1} << 40), "1TiB");
  EXPECT_EQ(size_text(1000), "1000B");
  for (const char* text : {"", "1", "1TB", "TiB", "1 TiB", "8192PiB", "01B"})
    EXPECT_FALSE(parse_size(text).has_value()) << text;
}

}  // namespace
}  // namespace kw::rotation
