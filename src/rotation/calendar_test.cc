#include "rotation/calendar.h"

#include "rotation/subject_for_tests.h"

namespace kw::rotation {
namespace {

const WallTime kStart = at("2027-01-01T00:00:00Z");

Calendar calendar(const std::string& text, std::vector<SubjectFacts> inventory, Seconds length) {
  const PolicyDocument parsed = document("name: p\nrollout: {steps: [100]}\njitter: 0s\n" + text);
  auto made = make_calendar(inventory, std::span(&parsed, 1), kStart, length, seed());
  EXPECT_TRUE(made.has_value());
  return made ? *std::move(made) : Calendar{};
}

TEST(Calendar, shows_every_rotation_in_order_with_the_policy_that_set_it) {
  const Calendar made = calendar("interval: 30d", {subject("b"), subject("a")}, 100 * kDay);
  ASSERT_EQ(made.entries.size(), 6U);
  EXPECT_EQ(made.entries[0].subject.name, "a");
  EXPECT_EQ(made.entries[1].subject.name, "b");
  EXPECT_EQ(rfc3339(made.entries[0].at), "2027-01-30T23:00:00Z");
  EXPECT_EQ(made.entries[0].policy, "p");
  EXPECT_EQ(made.entries[0].why, "interval 30d after 2027-01-01T00:00:00Z");
  EXPECT_TRUE(made.entries[0].conflicts.empty());
}

TEST(Calendar, a_deadline_inside_a_freeze_is_a_conflict) {
  const Calendar made = calendar(
      "interval: 30d\nmax_age: 30d\n"
      "blackouts: [{name: black friday, from: 2027-01-20T00:00:00Z, to: 2027-02-10T00:00:00Z}]",
      {subject("a")}, 40 * kDay);
  ASSERT_EQ(made.entries.size(), 1U);
  EXPECT_TRUE(made.entries[0].forced);
  ASSERT_EQ(made.entries[0].conflicts.size(), 1U);
  EXPECT_NE(made.entries[0].conflicts[0].find("black friday"), std::string::npos);
  ASSERT_EQ(made.freezes.size(), 1U);
}

TEST(Calendar, ranges_are_bounded) {
  EXPECT_EQ(reason_of(make_calendar({}, {}, kStart, Seconds(0), seed())), "bad_range");
  EXPECT_EQ(reason_of(make_calendar({}, {}, kStart, 401 * kDay, seed())), "bad_range");
}

}  // namespace
}  // namespace kw::rotation
