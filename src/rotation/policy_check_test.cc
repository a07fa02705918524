#include "rotation/policy_check.h"

#include "rotation/policy_merge.h"
#include "rotation/subject_for_tests.h"

namespace kw::rotation {
namespace {

const WallTime kNow = at("2027-01-01T00:00:00Z");

Status check(const std::string& text) {
  return check_document(document("name: p\n" + text), kNow);
}

TEST(PolicyCheck, every_template_and_default_can_be_met) {
  for (const PolicyDocument& one : policy_templates()) {
    const Status met = check_document(one, kNow);
    EXPECT_TRUE(met.has_value()) << one.name << ": " << met.error().message;
  }
}

TEST(PolicyCheck, an_interval_shorter_than_its_overlap_is_refused_with_the_sum) {
  const Status met = check(
      "applies_to: {types: [dek], classifications: [public]}\n"
      "interval: 7d\noverlap: {min: 5d}\nquarantine: 2d");
  ASSERT_EQ(reason_of(met), "interval_below_overlap");
  EXPECT_NE(met.error().message.find("interval 7d"), std::string::npos) << met.error().message;
  EXPECT_NE(met.error().message.find("overlap 5d + quarantine 2d = 7d1h"), std::string::npos)
      << met.error().message;
  EXPECT_EQ(reason_of(check("crons: [\"0 3 * * *\"]\noverlap: {min: 2d}")),
            "interval_below_overlap");
}

TEST(PolicyCheck, a_classification_that_makes_it_impossible_is_found) {
  EXPECT_EQ(reason_of(check("interval: 30d\noverlap: {min: 12d}")), "interval_below_overlap");
  EXPECT_EQ(reason_of(check("interval: 30d\noverlap: {min: 12d}\n"
                            "applies_to: {classifications: [internal]}")),
            "");
}

TEST(PolicyCheck, windows_that_open_too_rarely_for_the_deadline_are_refused) {
  const std::string yearly = "windows: [{cron: \"0 2 1 1 *\", length: 4h}]\n";
  const Status met = check("interval: 90d\nmax_age: 90d\n" + yearly);
  ASSERT_EQ(reason_of(met), "window_after_deadline");
  EXPECT_NE(met.error().message.find("closed for up to 365d20h"), std::string::npos)
      << met.error().message;
  EXPECT_EQ(reason_of(check("interval: 90d\n" + yearly)), "") << "without a deadline they may wait";
  EXPECT_EQ(reason_of(check("interval: 90d\nhard_deadline: 5d\n"
                            "windows: [{cron: \"0 2 * * sat\", length: 4h}]")),
            "");
}

TEST(PolicyCheck, windows_that_never_meet_are_refused) {
  const std::string text =
      "windows: [{cron: \"0 2 * * *\", length: 1h, group: 0}, "
      "{cron: \"0 14 * * *\", length: 1h, group: 1}]";
  EXPECT_EQ(reason_of(check(text)), "never_fires");
}

TEST(PolicyCheck, a_schedule_without_a_source_never_fires) {
  EffectivePolicy policy;
  EXPECT_EQ(reason_of(check_policy(policy, subject("k"), kNow)), "never_fires");
  policy.events = {"leak"};
  EXPECT_EQ(reason_of(check_policy(policy, subject("k"), kNow)), "");
  policy.events.clear();
  policy.scheduled = false;
  EXPECT_EQ(reason_of(check_policy(policy, subject("k"), kNow)), "");
}

TEST(PolicyCheck, a_lead_shorter_than_a_run_is_refused) {
  EXPECT_EQ(reason_of(check("applies_to: {types: [tls]}\nexpiry_lead: 1d\npublish_wait: 2d")),
            "lead_too_short");
}

TEST(PolicyCheck, a_consumer_slower_than_the_overlap_is_named) {
  EffectivePolicy policy;
  policy.interval = 90 * kDay;
  policy.min_overlap = std::chrono::hours(1);
  policy.acknowledgement_deadline = std::chrono::minutes(10);
  ConsumerTiming consumer{"billing", std::chrono::minutes(30), std::chrono::minutes(5),
                          std::chrono::minutes(24)};
  const ConsumerTiming fits = consumer;
  policy.acknowledgement_deadline = kDay;
  EXPECT_EQ(reason_of(check_policy(policy, subject("k"), kNow, std::span(&fits, 1))), "");
  consumer.session += Seconds(1);  // 30 + 5 + 24 min + 1 s, and a minute of clock skew
  const Status met = check_policy(policy, subject("k"), kNow, std::span(&consumer, 1));
  ASSERT_EQ(reason_of(met), "overlap_too_short");
  EXPECT_NE(met.error().message.find("= 1h1s"), std::string::npos) << met.error().message;
  consumer.clock_skew = Seconds(0);
  EXPECT_EQ(reason_of(check_policy(policy, subject("k"), kNow, std::span(&consumer, 1))), "");
  policy.min_overlap = kDay;
  policy.acknowledgement_deadline = std::chrono::minutes(10);
  EXPECT_EQ(reason_of(check_policy(policy, subject("k"), kNow, std::span(&consumer, 1))),
            "acknowledgement_too_short");
}

}  // namespace
}  // namespace kw::rotation
