#include "rotation/policy_json.h"

#include "rotation/policy_merge.h"
#include "rotation/subject_for_tests.h"

namespace kw::rotation {
namespace {

TEST(PolicyJson, every_effective_policy_of_the_templates_reads_back_alike) {
  for (const PolicyDocument& one : policy_templates()) {
    for (const auto& [type, clauses] : find_template("defaults")->types) {
      for (const std::string_view classification : kClassifications) {
        const EffectivePolicy policy =
            effective_policy(std::span(&one, 1), subject("k", type, std::string(classification)));
        const std::string json = policy_json(policy);
        const auto read = parse_policy_json(json);
        ASSERT_TRUE(read.has_value()) << read.error().message;
        EXPECT_EQ(policy_json(*read), json);
        EXPECT_EQ(read->interval, policy.interval);
        EXPECT_EQ(read->set_by.size(), policy.set_by.size());
      }
    }
  }
}

TEST(PolicyJson, keeps_every_field_that_differs_from_the_default) {
  EffectivePolicy policy;
  policy.set_by = {{"interval", "1d", "p\"q", "clause"}};
  policy.scheduled = false;
  policy.interval = Seconds(86'461);
  policy.crons = {{"0 3 * * *", "Europe/Berlin"}};
  policy.max_operations = 12'345;
  policy.max_bytes = 1'000;
  policy.use_fraction = 0.123456789;
  policy.events = {"leak"};
  policy.windows = {{"0 2 * * sat", Seconds(3'600), "UTC", 3}};
  policy.blackouts = {{"x", "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z"}};
  policy.at_deadline = AtDeadline::kAlert;
  policy.error_margin = 0.0000001;
  policy.rollout_percent = {1, 100};
  policy.old_version = OldVersion::kDestroy;
  const auto read = parse_policy_json(policy_json(policy));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(policy_json(*read), policy_json(policy));
  EXPECT_FALSE(read->scheduled);
  EXPECT_EQ(read->interval, Seconds(86'461));
  EXPECT_EQ(read->windows.at(0).group, 3);
  EXPECT_EQ(read->windows.at(0).length, Seconds(3'600));
  EXPECT_DOUBLE_EQ(read->use_fraction, 0.123456789);
  EXPECT_DOUBLE_EQ(read->error_margin, 0.0000001);
  EXPECT_EQ(read->set_by.at(0).policy, "p\"q");
  EXPECT_FALSE(read->max_age.has_value());
}

TEST(PolicyJson, refuses_what_is_not_a_policy) {
  for (const char* text : {"", "[]", "5", "{\"interval\": 5}", "{\"set_by\": [{}]}", "{"})
    EXPECT_EQ(reason_of(parse_policy_json(text)), "bad_policy") << text;
}

}  // namespace
}  // namespace kw::rotation
