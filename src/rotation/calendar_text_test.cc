#include "rotation/calendar_text.h"

#include <algorithm>
#include <set>

#include "codec/json.h"
#include "rotation/subject_for_tests.h"

namespace kw::rotation {
namespace {

Calendar sample() {
  Calendar calendar;
  calendar.from = at("2026-11-20T00:00:00Z");
  calendar.to = at("2026-12-20T00:00:00Z");
  calendar.entries = {{{"key", "acme", "orders"},
                       at("2026-11-20T22:00:00Z"),
                       Trigger::kSchedule,
                       "interval 45d",
                       "card-data",
                       false,
                       {}},
                      {{"certificate", "acme", "pay"},
                       at("2026-11-27T18:00:00Z"),
                       Trigger::kExpiry,
                       "expires 2026-11-28T00:00:00Z; soon, really\\",
                       "defaults",
                       true,
                       {"in the freeze black friday: rotates anyway"}},
                      {{"key", "acme", "orders"},
                       at("2026-12-19T23:59:59Z"),
                       Trigger::kSchedule,
                       "interval",
                       "p",
                       false,
                       {}}};
  calendar.freezes = {{"black friday", at("2026-11-27T00:00:00Z"), at("2026-11-28T00:00:00Z")}};
  return calendar;
}

TEST(CalendarText, the_table_shows_weeks_freezes_conflicts_and_what_is_next) {
  EXPECT_EQ(calendar_table(sample(), 1),
            "2026-11-20 to 2026-12-19 UTC: 3 rotations, 1 freeze, 1 conflict\n"
            "         Mo Tu We Th Fr Sa Su\n"
            "  W47                 1  ·  ·\n"
            "  W48     ·  ·  ·  ·  1  ·  ·     × freeze \"black friday\" 11-27 to 11-28 00:00Z\n"
            "  W49     ·  ·  ·  ·  ·  ·  ·\n"
            "  W50     ·  ·  ·  ·  ·  ·  ·\n"
            "  W51     ·  ·  ·  ·  ·  1   \n"
            "  !  11-27 18:00Z  certificate:acme/pay  in the freeze black friday: rotates anyway\n"
            "  next  11-20 22:00Z  key:acme/orders  interval 45d\n");
}

TEST(CalendarText, the_table_tells_a_subject_that_rotates_often_in_one_line) {
  Calendar calendar = sample();
  const CalendarEntry often{{"key", "acme", "tokens"},
                            at("2026-11-20T00:00:20Z"),
                            Trigger::kSchedule,
                            "interval 20s",
                            "fast",
                            false,
                            {"begins before the last is gone"}};
  for (int i = 0; i < 4320; ++i) {
    calendar.entries.push_back(often);
    calendar.entries.back().at += std::chrono::seconds(20 * i);
    if (i != 0) calendar.entries.back().conflicts.clear();
  }
  const std::string table = calendar_table(calendar, 5);
  EXPECT_NE(table.find("  key:acme/tokens  every 20s, 4,320 times, next at 11-20 00:00Z,"
                       " 1 with a conflict\n"),
            std::string::npos)
      << table;
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 12) << table;
  EXPECT_NE(table.find("  W47                4k  1  ·\n"), std::string::npos) << table;
  EXPECT_NE(calendar_json(calendar).find("2026-11-20T23:59:40Z"), std::string::npos);
}

TEST(CalendarText, ics_folds_long_lines_and_escapes_text) {
  const std::string ics = calendar_ics(sample(), at("2026-11-19T00:00:00Z"));
  EXPECT_TRUE(ics.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"));
  EXPECT_TRUE(ics.ends_with("END:VCALENDAR\r\n"));
  EXPECT_NE(ics.find("DTSTART:20261120T220000Z\r\n"), std::string::npos);
  std::string unfolded = ics;
  for (std::size_t at = 0; (at = unfolded.find("\r\n ")) != std::string::npos;)
    unfolded.erase(at, 3);
  EXPECT_NE(unfolded.find("DESCRIPTION:expires 2026-11-28T00:00:00Z\\; soon\\, really\\\\\\npolicy "
                          "defaults\\nconflict: in the freeze black friday: rotates anyway\r\n"),
            std::string::npos)
      << unfolded;
  for (std::size_t begin = 0; begin < ics.size();) {
    const std::size_t end = ics.find("\r\n", begin);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - begin, 75U);
    begin = end + 2;
  }
}

TEST(CalendarText, uids_are_unique_and_stay_when_the_minute_moves) {
  const auto uids = [](const std::string& ics) {
    std::vector<std::string> all;
    for (std::size_t at = 0; (at = ics.find("UID:", at)) != std::string::npos; ++at)
      all.push_back(ics.substr(at, ics.find("\r\n", at) - at));
    return all;
  };
  Calendar calendar = sample();
  const auto before = uids(calendar_ics(calendar, calendar.from));
  EXPECT_EQ(std::set<std::string>(before.begin(), before.end()).size(), 3U);
  calendar.entries[0].at += std::chrono::minutes(7);
  EXPECT_EQ(uids(calendar_ics(calendar, calendar.to)), before);
}

TEST(CalendarText, json_reads_back) {
  const std::string json = calendar_json(sample());
  const auto read = codec::JsonDocument::parse(json);
  ASSERT_TRUE(read.has_value());
  const auto entries = read->root().member("entries")->elements();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(*entries[1].text("subject"), "certificate:acme/pay");
  EXPECT_TRUE(*entries[1].boolean("forced"));
}

}  // namespace
}  // namespace kw::rotation
