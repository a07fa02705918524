#include "rotation/cron.h"

#include "rotation/subject_for_tests.h"

namespace kw::rotation {
namespace {

Cron cron(std::string_view text) {
  auto parsed = Cron::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return *parsed;
}

std::string next(std::string_view text, std::string_view after, std::string_view zone = "UTC") {
  const auto time = cron(text).next_after(at(after), *TimeZone::find(zone));
  return time ? rfc3339(*time) : "never";
}

TEST(Cron, finds_the_next_time_of_each_kind_of_field) {
  EXPECT_EQ(next("0 3 1 * *", "2027-01-01T03:00:00Z"), "2027-02-01T03:00:00Z");
  EXPECT_EQ(next("*/15 * * * *", "2027-01-01T03:00:00Z"), "2027-01-01T03:15:00Z");
  EXPECT_EQ(next("0 8-18/5 * * mon-fri", "2027-01-01T13:30:00Z"), "2027-01-01T18:00:00Z");
  EXPECT_EQ(next("30 4 * * sat,sun", "2027-01-01T00:00:00Z"), "2027-01-02T04:30:00Z");
  EXPECT_EQ(next("0 0 1 jan *", "2027-01-01T00:00:00Z"), "2028-01-01T00:00:00Z");
  EXPECT_EQ(next("0 0 * * 7", "2027-01-01T00:00:00Z"), "2027-01-03T00:00:00Z");
  EXPECT_EQ(next("0 0 * * FRI-sun", "2027-01-03T00:00:00Z"), "2027-01-08T00:00:00Z");
}

TEST(Cron, either_day_is_enough_when_both_are_restricted) {
  EXPECT_EQ(next("0 0 13 * fri", "2027-01-01T00:00:00Z"), "2027-01-08T00:00:00Z");
  EXPECT_EQ(next("0 0 13 * fri", "2027-01-08T00:00:00Z"), "2027-01-13T00:00:00Z");
}

TEST(Cron, a_leap_day_comes_every_four_years_and_not_in_2100) {
  EXPECT_EQ(next("0 0 29 2 *", "2027-01-01T00:00:00Z"), "2028-02-29T00:00:00Z");
  EXPECT_EQ(next("0 0 29 2 *", "2028-02-29T00:00:00Z"), "2032-02-29T00:00:00Z");
  EXPECT_EQ(next("0 0 29 2 *", "2096-02-29T00:00:00Z"), "2104-02-29T00:00:00Z");
}

TEST(Cron, dates_that_no_year_has_are_refused) {
  for (const char* text : {"0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 feb *"})
    EXPECT_EQ(reason_of(Cron::parse(text)), "bad_cron") << text;
  EXPECT_EQ(next("0 0 30 2 sun", "2027-01-01T00:00:00Z"), "2027-02-07T00:00:00Z");
}

TEST(Cron, what_is_not_five_sound_fields_is_refused) {
  for (const char* text : {"",
                           "* * * *",
                           "* * * * * *",
                           "60 * * * *",
                           "* 24 * * *",
                           "* * 0 * *",
                           "* * 32 * *",
                           "* * * 13 *",
                           "* * * * 8",
                           "5/10 * * * *",
                           "*/0 * * * *",
                           "5-1 * * * *",
                           "1,,2 * * * *",
                           ", * * * *",
                           "-1 * * * *",
                           "a * * * *",
                           "* * * foo *",
                           "* * * * mond",
                           "0x1 * * * *",
                           "001 * * * *",
                           "@daily",
                           "* * L * *"})
    EXPECT_EQ(reason_of(Cron::parse(text)), "bad_cron") << text;
  EXPECT_EQ(reason_of(Cron::parse(std::string(300, ' ') + "* * * * *")), "bad_cron");
}

TEST(Cron, in_a_gap_it_runs_once_right_after_it) {
  EXPECT_EQ(next("30 2 * * *", "2027-03-27T12:00:00Z", "Europe/Berlin"), "2027-03-28T01:00:00Z");
  EXPECT_EQ(next("30 2 * * *", "2027-03-28T01:00:00Z", "Europe/Berlin"), "2027-03-29T00:30:00Z");
  EXPECT_EQ(next("*/20 2 * * *", "2027-03-28T00:59:00Z", "Europe/Berlin"), "2027-03-28T01:00:00Z");
  EXPECT_EQ(next("*/20 2 * * *", "2027-03-28T01:00:00Z", "Europe/Berlin"), "2027-03-29T00:00:00Z");
}

TEST(Cron, in_a_fold_it_runs_once_the_first_time) {
  EXPECT_EQ(next("30 2 * * *", "2027-10-30T12:00:00Z", "Europe/Berlin"), "2027-10-31T00:30:00Z");
  EXPECT_EQ(next("30 2 * * *", "2027-10-31T00:30:00Z", "Europe/Berlin"), "2027-11-01T01:30:00Z");
  EXPECT_EQ(next("30 2 * * *", "2027-10-31T01:15:00Z", "Europe/Berlin"), "2027-11-01T01:30:00Z");
}

// Every day of five years has exactly one run, daylight saving or not.
TEST(Cron, a_daily_time_comes_once_a_day_in_every_zone) {
  for (const char* name : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                           "America/St_Johns", "Africa/Casablanca", "Asia/Kathmandu"}) {
    const TimeZone zone = *TimeZone::find(name);
    for (const char* text : {"30 2 * * *", "15 1 * * *", "0 0 * * *"}) {
      const Cron daily = cron(text);
      WallTime time = at("2027-01-01T00:00:00Z") - std::chrono::hours(26);
      LocalTime last{};
      int runs = 0;
      while (zone.local(time).year < 2032) {
        const auto found = daily.next_after(time, zone);
        ASSERT_TRUE(found && *found > time);
        time = *found;
        const LocalTime local = zone.local(time);
        EXPECT_FALSE(local.year == last.year && local.month == last.month && local.day == last.day)
            << name << " " << rfc3339(time);
        last = local;
        if (local.year >= 2027 && local.year < 2032) ++runs;
      }
      EXPECT_EQ(runs, 5 * 365 + 1) << name << " " << text;
    }
  }
}

// The fast search agrees with walking every minute.
TEST(Cron, agrees_with_a_walk_minute_by_minute) {
  const TimeZone zone = *TimeZone::find("Europe/Berlin");
  struct Case {
    const char* text;
    bool (*matches)(const LocalTime&);
  };
  const Case cases[] = {
      {"7,38 */5 * * *",
       [](const LocalTime& t) { return (t.minute == 7 || t.minute == 38) && t.hour % 5 == 0; }},
      {"0 9-17 28-31 2,3 *",
       [](const LocalTime& t) {
         return t.minute == 0 && t.hour >= 9 && t.hour <= 17 && t.day >= 28 &&
                (t.month == 2 || t.month == 3);
       }},
  };
  for (const Case& one : cases) {
    WallTime time = at("2028-02-20T00:00:30Z");
    for (int i = 0; i < 40; ++i) {
      WallTime walk = std::chrono::floor<std::chrono::minutes>(time) + std::chrono::minutes(1);
      while (!one.matches(zone.local(walk))) walk += std::chrono::minutes(1);
      const auto found = cron(one.text).next_after(time, zone);
      ASSERT_TRUE(found.has_value());
      ASSERT_EQ(rfc3339(*found), rfc3339(walk)) << one.text;
      time = *found;
    }
  }
}

}  // namespace
}  // namespace kw::rotation
