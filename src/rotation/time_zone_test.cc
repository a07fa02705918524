#include "rotation/time_zone.h"

#include "rotation/subject_for_tests.h"

namespace kw::rotation {
namespace {

TimeZone zone(std::string_view name) {
  auto found = TimeZone::find(name);
  EXPECT_TRUE(found.has_value()) << name;
  return *found;
}

TEST(TimeZone, knows_the_names_of_the_database_and_no_others) {
  EXPECT_EQ(zone("Europe/Berlin").name(), "Europe/Berlin");
  EXPECT_EQ(zone("UTC").local(at("2027-02-28T12:34:56Z")), (LocalTime{2027, 2, 28, 12, 34, 56}));
  for (const char* name :
       {"", "Europe/Atlantis", "europe/berlin", "../etc/passwd", "Europe/Berlin ", "/etc/passwd"})
    EXPECT_EQ(reason_of(TimeZone::find(name)), "unknown_zone") << name;
}

TEST(TimeZone, a_time_in_a_gap_is_the_first_instant_after_it) {
  const TimeZone berlin = zone("Europe/Berlin");  // 2027-03-28: 02:00 becomes 03:00
  EXPECT_EQ(berlin.instant({2027, 3, 28, 1, 59, 59}), at("2027-03-28T00:59:59Z"));
  for (const int minute : {0, 30, 59})
    EXPECT_EQ(berlin.instant({2027, 3, 28, 2, minute, 0}), at("2027-03-28T01:00:00Z"));
  EXPECT_EQ(berlin.instant({2027, 3, 28, 3, 0, 0}), at("2027-03-28T01:00:00Z"));
}

TEST(TimeZone, a_time_in_a_fold_is_the_earlier_of_the_two) {
  const TimeZone berlin = zone("Europe/Berlin");  // 2027-10-31: 03:00 becomes 02:00
  EXPECT_EQ(berlin.instant({2027, 10, 31, 2, 30, 0}), at("2027-10-31T00:30:00Z"));
  EXPECT_EQ(berlin.local(at("2027-10-31T00:30:00Z")), (LocalTime{2027, 10, 31, 2, 30, 0}));
  EXPECT_EQ(berlin.local(at("2027-10-31T01:30:00Z")), (LocalTime{2027, 10, 31, 2, 30, 0}));
}

TEST(TimeZone, offsets_of_half_an_hour_and_a_skipped_day_are_right) {
  EXPECT_EQ(zone("Asia/Kolkata").instant({2027, 1, 1, 5, 30, 0}), at("2027-01-01T00:00:00Z"));
  // Lord Howe moves by half an hour.
  EXPECT_EQ(zone("Australia/Lord_Howe").instant({2027, 10, 3, 2, 15, 0}),
            at("2027-10-02T15:30:00Z"));
  // Samoa had no 30 December 2011.
  EXPECT_EQ(zone("Pacific/Apia").instant({2011, 12, 30, 12, 0, 0}), at("2011-12-30T10:00:00Z"));
}

}  // namespace
}  // namespace kw::rotation
