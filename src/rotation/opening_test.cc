#include "rotation/opening.h"

#include "rotation/subject_for_tests.h"

namespace kw::rotation {
namespace {

Opening opening(const std::string& text) {
  const PolicyDocument parsed = document("name: p\n" + text);
  EffectivePolicy policy;
  if (parsed.clauses.windows) policy.windows = *parsed.clauses.windows;
  if (parsed.clauses.blackouts) policy.blackouts = *parsed.clauses.blackouts;
  auto made = Opening::of(policy);
  EXPECT_TRUE(made.has_value());
  return *std::move(made);
}

std::string next(const Opening& opening, std::string_view from) {
  const auto time = opening.next_open(at(from));
  return time ? rfc3339(*time) : "never";
}

TEST(Opening, without_windows_it_is_always_open) {
  EXPECT_TRUE(opening("").always());
  EXPECT_EQ(next(opening(""), "2027-01-01T00:00:00Z"), "2027-01-01T00:00:00Z");
}

TEST(Opening, a_window_is_half_open_and_follows_its_zone) {
  const Opening berlin =
      opening("windows: [{cron: \"0 2 * * sat\", length: 4h, zone: Europe/Berlin}]");
  EXPECT_EQ(next(berlin, "2027-01-01T00:00:00Z"), "2027-01-02T01:00:00Z");
  EXPECT_TRUE(berlin.open_at(at("2027-01-02T01:00:00Z")));
  EXPECT_TRUE(berlin.open_at(at("2027-01-02T04:59:59Z")));
  EXPECT_FALSE(berlin.open_at(at("2027-01-02T05:00:00Z")));
  EXPECT_EQ(next(berlin, "2027-07-02T00:00:00Z"), "2027-07-03T00:00:00Z");
}

TEST(Opening, one_window_of_every_group_must_be_open) {
  const Opening both = opening(
      "windows: [{cron: \"0 2 * * sat\", length: 4h}, {cron: \"0 2 * * sun\", length: 4h}, "
      "{cron: \"0 5 * * *\", length: 2h, group: 1}]");
  EXPECT_EQ(next(both, "2027-01-01T00:00:00Z"), "2027-01-02T05:00:00Z");
  EXPECT_EQ(next(both, "2027-01-02T06:00:00Z"), "2027-01-03T05:00:00Z");
}

TEST(Opening, a_blackout_closes_every_window) {
  const Opening frozen = opening(
      "windows: [{cron: \"0 2 * * *\", length: 4h}]\n"
      "blackouts: [{name: x, from: 2027-01-02T00:00:00Z, to: 2027-01-05T03:00:00Z}]");
  EXPECT_EQ(next(frozen, "2027-01-01T07:00:00Z"), "2027-01-05T03:00:00Z");
  EXPECT_FALSE(frozen.open_at(at("2027-01-03T03:00:00Z")));
}

TEST(Opening, the_last_opening_before_a_time_is_found) {
  const Opening daily = opening("windows: [{cron: \"0 2 * * *\", length: 1h}]");
  EXPECT_EQ(rfc3339(*daily.last_open(at("2027-01-01T00:00:00Z"), at("2027-01-04T01:00:00Z"))),
            "2027-01-03T02:00:00Z");
  EXPECT_FALSE(daily.last_open(at("2027-01-01T04:00:00Z"), at("2027-01-01T23:00:00Z")).has_value());
}

TEST(Opening, the_longest_closed_time_is_the_longest_gap) {
  const Opening weekly = opening("windows: [{cron: \"0 2 * * sat\", length: 4h}]");
  EXPECT_EQ(weekly.longest_closed(at("2027-01-02T02:00:00Z"), at("2028-01-01T00:00:00Z")),
            Seconds(164 * 3'600));
}

}  // namespace
}  // namespace kw::rotation
