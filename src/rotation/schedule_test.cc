#include "rotation/schedule.h"

#include <set>

#include "rotation/policy_merge.h"
#include "rotation/subject_for_tests.h"

namespace kw::rotation {
namespace {

const WallTime kStart = at("2027-01-01T00:00:00Z");

EffectivePolicy policy_of(const std::string& text, const SubjectFacts& facts) {
  const PolicyDocument parsed = document("name: p\nrollout: {steps: [100]}\njitter: 0s\n" + text);
  return effective_policy(std::span(&parsed, 1), facts);
}
Due due(const std::string& text, const SubjectFacts& facts, WallTime now = kStart) {
  auto found = next_due(facts, policy_of(text, facts), now, seed());
  EXPECT_TRUE(found.has_value());
  return found ? *found : Due{};
}
std::string when(const Due& due) {
  return due.at ? rfc3339(*due.at) : "never";
}

TEST(Schedule, an_interval_counts_from_the_promotion_and_never_runs_over) {
  const Due found = due("interval: 90d", subject("k"));
  EXPECT_EQ(rfc3339(found.base), "2027-04-01T00:00:00Z");
  EXPECT_EQ(when(found), "2027-03-31T23:00:00Z") << "an hour early, so that it is done in time";
  EXPECT_EQ(found.why, "interval 90d after 2027-01-01T00:00:00Z");
  EXPECT_EQ(found.trigger, Trigger::kSchedule);
  EXPECT_FALSE(found.forced);
}

TEST(Schedule, the_earliest_source_wins) {
  SubjectFacts facts = subject("k");
  EXPECT_EQ(when(due("interval: 90d\nmax_age: 30d", facts)), "2027-01-30T23:00:00Z");
  EXPECT_EQ(when(due("interval: 90d\ncrons: [\"0 3 15 * *\"]", facts)), "2027-01-15T03:00:00Z");
  facts.expires_at = kStart + 60 * kDay;
  const Due expiring = due("interval: 90d\nexpiry_lead: 10d", facts);
  EXPECT_EQ(when(expiring), "2027-02-20T00:00:00Z");
  EXPECT_EQ(expiring.trigger, Trigger::kExpiry);
  EXPECT_EQ(expiring.hard_deadline, facts.expires_at);
}

TEST(Schedule, without_a_lead_a_certificate_renews_after_two_thirds_of_its_life) {
  SubjectFacts facts = subject("k", "something");
  facts.expires_at = kStart + 60 * kDay;
  EXPECT_EQ(when(due("interval: 900d", facts)), "2027-02-10T00:00:00Z");
  EXPECT_EQ(when(due("interval: 900d\nexpiry_lead: 80d", facts)), "2027-01-31T00:00:00Z")
      << "a lead is at most half the life";
}

TEST(Schedule, use_beyond_its_part_of_the_limit_means_now) {
  SubjectFacts facts = subject("k");
  const WallTime now = kStart + kDay;
  facts.operations = 499;
  EXPECT_EQ(due("interval: 90d\nmax_operations: 1000\nuse_at: 0.5", facts, now).at.value(),
            kStart + kDay + Seconds(173))
      << "at today's rate";
  facts.operations = 500;
  const Due used = due("interval: 90d\nmax_operations: 1000\nuse_at: 0.5", facts, now);
  EXPECT_EQ(used.at, now);
  EXPECT_EQ(used.trigger, Trigger::kUsage);
  EXPECT_EQ(used.why, "use: 500 of 1000 operations");
  facts.operations = 0;
  facts.bytes = 1 << 20;
  EXPECT_EQ(due("interval: 90d\nmax_bytes: 1MiB", facts, now).trigger, Trigger::kVolume);
}

TEST(Schedule, use_close_to_its_limit_does_not_wait_for_a_window) {
  SubjectFacts facts = subject("k");
  const std::string text =
      "interval: 90d\nmax_operations: 1000\nwindows: [{cron: \"0 2 * * sat\", length: 4h}]";
  facts.operations = 600;
  EXPECT_EQ(when(due(text, facts, kStart)), "2027-01-02T02:00:00Z");
  facts.operations = 950;
  const Due urgent = due(text, facts, kStart);
  EXPECT_EQ(urgent.at, kStart);
  EXPECT_TRUE(urgent.forced);
}

TEST(Schedule, what_is_not_scheduled_has_no_time) {
  EXPECT_EQ(when(due("scheduled: false\ninterval: 1d", subject("k", "human-pw"))), "never");
  SubjectFacts none = subject("k");
  none.primary = 0;
  EXPECT_EQ(when(due("interval: 1d", none)), "never");
}

TEST(Schedule, an_overdue_rotation_gets_the_next_chance) {
  const WallTime late = kStart + 200 * kDay;
  EXPECT_EQ(due("interval: 90d", subject("k"), late).at, late);
  EXPECT_EQ(when(due("interval: 90d\nwindows: [{cron: \"0 2 * * sat\", length: 4h}]", subject("k"),
                     at("2027-07-20T00:00:00Z"))),
            "2027-07-24T02:00:00Z");
  EXPECT_EQ(due("crons: [\"0 3 1 * *\"]", subject("k"), late).at, late);
}

TEST(Schedule, a_rotation_waits_for_its_window_and_for_the_end_of_a_blackout) {
  EXPECT_EQ(
      when(due("interval: 90d\nwindows: [{cron: \"0 2 * * sat\", length: 4h}]", subject("k"))),
      "2027-04-03T02:00:00Z");
  EXPECT_EQ(when(due("interval: 90d\n"
                     "blackouts: [{name: x, from: 2027-03-25T00:00:00Z, to: 2027-04-10T00:00:00Z}]",
                     subject("k"))),
            "2027-04-10T00:00:00Z");
}

TEST(Schedule, with_a_deadline_the_last_window_before_it_is_taken) {
  const Due found = due(
      "interval: 90d\nmax_age: 90d\nwindows: [{cron: \"0 2 * * sat\", length: 4h}]", subject("k"));
  EXPECT_EQ(when(found), "2027-03-27T02:00:00Z");
  EXPECT_FALSE(found.forced);
}

TEST(Schedule, blackouts_yield_to_the_deadline_and_it_says_so) {
  const std::string text =
      "interval: 90d\nmax_age: 90d\n"
      "blackouts: [{name: x, from: 2027-03-01T00:00:00Z, to: 2027-05-01T00:00:00Z}]\n";
  const Due found = due(text, subject("k"));
  EXPECT_EQ(when(found), "2027-03-31T23:00:00Z");
  EXPECT_TRUE(found.forced);
  const Due alert = due(text + "at_deadline: alert", subject("k"));
  EXPECT_EQ(when(alert), "2027-05-01T00:00:00Z") << "alert does not override";
  EXPECT_FALSE(alert.forced);
}

TEST(Schedule, a_cron_keeps_its_clock_time_over_daylight_saving) {
  SubjectFacts facts = subject("k");
  facts.primary_since = at("2027-03-20T00:00:00Z");
  const std::string text = "crons: [{cron: \"30 2 * * sun\", zone: Europe/Berlin}]";
  EXPECT_EQ(when(due(text, facts, facts.primary_since)), "2027-03-21T01:30:00Z");
  facts.primary_since = at("2027-03-21T01:30:00Z");
  EXPECT_EQ(when(due(text, facts, facts.primary_since)), "2027-03-28T01:00:00Z");
  facts.primary_since = at("2027-03-28T01:00:00Z");
  EXPECT_EQ(when(due(text, facts, facts.primary_since)), "2027-04-04T00:30:00Z");
}

TEST(Schedule, jitter_spreads_within_the_last_tenth_and_is_the_same_every_time) {
  const std::string text = "interval: 90d";
  std::set<std::int64_t> hours;
  for (int i = 0; i < 500; ++i) {
    const SubjectFacts facts = subject("k" + std::to_string(i));
    EffectivePolicy policy = policy_of(text, facts);
    policy.jitter = 7 * kDay;
    const Due found = *next_due(facts, policy, kStart, seed());
    EXPECT_LE(*found.at, found.base);
    EXPECT_GT(*found.at, found.base - 7 * kDay);
    EXPECT_EQ(found.at, next_due(facts, policy, kStart, seed())->at);
    hours.insert(to_micros(*found.at) / 3'600'000'000);
  }
  EXPECT_GT(hours.size(), 140U) << "of 168";
}

TEST(Schedule, delays_do_not_add_up) {
  SubjectFacts facts = subject("k");
  EffectivePolicy policy = policy_of("interval: 70d", facts);
  policy.jitter = 7 * kDay;
  std::set<std::int64_t> phases;
  WallTime now = kStart;
  for (int i = 0; i < 40; ++i) {
    const Due found = *next_due(facts, policy, now, seed());
    EXPECT_LE(*found.at - facts.primary_since, WallTime::duration(70 * kDay));
    EXPECT_GT(*found.at - facts.primary_since, WallTime::duration(62 * kDay));
    // Every run is promoted some hours late.
    facts.primary_since = now = *found.at + std::chrono::hours(i % 5);
    const std::int64_t usable = 70 * 86'400 - 3'600;
    if (i > 0) phases.insert((to_micros(*found.at) / 1'000'000) % usable / 3'600);
  }
  EXPECT_LE(phases.size(), 2U) << "always the same time, an hour before the full interval";
}

}  // namespace
}  // namespace kw::rotation
