#include "rotation/policy_merge.h"

#include "rotation/subject_for_tests.h"

namespace kw::rotation {
namespace {

EffectivePolicy merged(const std::vector<std::string>& texts, const SubjectFacts& facts) {
  std::vector<PolicyDocument> documents;
  documents.reserve(texts.size());
  for (const std::string& text : texts) documents.push_back(document(text));
  return effective_policy(documents, facts);
}

SetBy set_by(const EffectivePolicy& policy, std::string_view field) {
  for (const SetBy& one : policy.set_by) {
    if (one.field == field) return one;
  }
  ADD_FAILURE() << "nothing set " << field;
  return {};
}

TEST(PolicyMerge, the_defaults_of_the_type_hold_where_nobody_speaks) {
  const EffectivePolicy policy = merged({}, subject("k"));
  EXPECT_EQ(policy.interval, 90 * kDay);
  EXPECT_EQ(policy.max_operations, std::int64_t{1} << 31);
  EXPECT_EQ(policy.max_bytes, std::int64_t{1} << 40);
  EXPECT_EQ(set_by(policy, "interval").policy, "defaults");
  EXPECT_EQ(set_by(policy, "interval").clause, "types.dek.interval");
  EXPECT_EQ(merged({}, subject("k", "something-new")).interval, 90 * kDay);
  EXPECT_FALSE(merged({}, subject("p", "human-pw")).scheduled);
}

TEST(PolicyMerge, a_policy_of_ones_own_replaces_a_default_even_with_a_longer_interval) {
  EXPECT_EQ(merged({"name: a\ninterval: 200d"}, subject("k")).interval, 200 * kDay);
}

TEST(PolicyMerge, the_strictest_of_every_field_wins_and_is_named) {
  const EffectivePolicy policy = merged(
      {"name: a\ninterval: 60d\napprovals: 1\njitter: 2d\noverlap: {min: 2d}\nmax_operations: 100\n"
       "hard_deadline: 0s\nat_deadline: run_anyway\nrollout: {steps: [50, 100]}\n"
       "acknowledgement_deadline: 0s\nold_version: retire\nexpiry_lead: 10d\nscheduled: false",
       "name: b\ntypes:\n  dek: {interval: 50d, approvals: 3, jitter: 1d, max_operations: 200}\n"
       "overlap: {min: 1d}\nhard_deadline: 3d\nat_deadline: block_protect\n"
       "rollout: {steps: [1, 10, 100]}\nacknowledgement_deadline: 2d\nold_version: destroy\n"
       "expiry_lead: 20d\nscheduled: true"},
      subject("k"));
  EXPECT_EQ(policy.interval, 50 * kDay);
  EXPECT_EQ(set_by(policy, "interval").clause, "types.dek.interval");
  EXPECT_EQ(set_by(policy, "interval").policy, "b");
  EXPECT_EQ(set_by(policy, "interval").value, "50d");
  EXPECT_EQ(policy.approvals, 3);
  EXPECT_EQ(policy.jitter, kDay);
  EXPECT_EQ(policy.min_overlap, 2 * kDay);
  EXPECT_EQ(set_by(policy, "overlap.min").policy, "a");
  EXPECT_EQ(policy.max_operations, 100);
  EXPECT_EQ(policy.hard_deadline, 3 * kDay);
  EXPECT_EQ(policy.at_deadline, AtDeadline::kBlockProtect);
  EXPECT_EQ(policy.rollout_percent, (std::vector<int>{1, 10, 100}));
  EXPECT_EQ(policy.acknowledgement_deadline, Seconds(0));
  EXPECT_EQ(policy.old_version, OldVersion::kDestroy);
  EXPECT_EQ(policy.expiry_lead, 20 * kDay);
  EXPECT_TRUE(policy.scheduled);
}

TEST(PolicyMerge, the_order_of_documents_does_not_matter) {
  const std::string a = "name: a\ninterval: 60d\nevents: [leak]\napprovals: 1";
  const std::string b = "name: b\ninterval: 40d\nevents: [leaver]\napprovals: 2";
  const EffectivePolicy one = merged({a, b}, subject("k")), two = merged({b, a}, subject("k"));
  EXPECT_EQ(one.interval, two.interval);
  EXPECT_EQ(one.approvals, two.approvals);
  EXPECT_EQ(one.events.size(), 2U);
  EXPECT_EQ(two.events.size(), 2U);
}

TEST(PolicyMerge, a_type_section_replaces_what_the_document_says_for_all) {
  const std::string text = "name: a\ninterval: 30d\ntypes:\n  dek: {interval: 80d}";
  EXPECT_EQ(merged({text}, subject("k")).interval, 80 * kDay);
  EXPECT_EQ(merged({text}, subject("k", "mac")).interval, 30 * kDay);
}

TEST(PolicyMerge, documents_that_do_not_apply_are_left_out) {
  const std::string text = "name: a\napplies_to: {types: [mac]}\ninterval: 10d";
  EXPECT_EQ(merged({text}, subject("k")).interval, 90 * kDay);
  EXPECT_EQ(merged({text}, subject("k", "mac")).interval, 10 * kDay);
}

TEST(PolicyMerge, a_classification_shortens_the_interval_and_says_so) {
  const EffectivePolicy policy = merged({}, subject("k", "dek", "confidential"));
  EXPECT_EQ(policy.interval, 45 * kDay);
  EXPECT_EQ(set_by(policy, "interval").clause,
            "types.dek.interval, 90d x 0.5 (class confidential)");
  EXPECT_EQ(merged({"name: a\ninterval: 100d"}, subject("k", "dek", "restricted")).interval,
            33 * kDay);
  // A range of the table has its own low end.
  EXPECT_EQ(merged({}, subject("db", "postgresql", "restricted")).interval, 30 * kDay);
  EXPECT_EQ(merged({"name: a\ninterval: 100d\nclassification: {restricted: 7d}"},
                   subject("k", "dek", "restricted"))
                .interval,
            7 * kDay);
}

TEST(PolicyMerge, no_factor_lengthens_the_number_of_a_framework) {
  const std::string text =
      "name: a\nextends: [pci-dss-4.0.1]\ninterval: 60d\nclassification: {public: 3}";
  EXPECT_EQ(merged({text}, subject("k", "dek", "public")).interval, 90 * kDay);
  EXPECT_EQ(
      merged({"name: a\ninterval: 60d\nclassification: {public: 3}"}, subject("k", "dek", "public"))
          .interval,
      180 * kDay);
}

TEST(PolicyMerge, templates_join_through_extends) {
  const EffectivePolicy policy =
      merged({"name: a\nextends: [pci-dss-4.0.1, sox]\ninterval: 400d"}, subject("k", "kek"));
  EXPECT_EQ(policy.interval, 365 * kDay);
  EXPECT_EQ(set_by(policy, "interval").policy, "pci-dss-4.0.1");
  EXPECT_EQ(set_by(policy, "interval").clause, "types.kek.interval (entity-defined)");
  EXPECT_EQ(policy.approvals, 2);
}

TEST(PolicyMerge, frameworks_without_numbers_say_entity_defined) {
  const EffectivePolicy policy = merged({"name: a\nextends: [hipaa]"}, subject("k"));
  EXPECT_EQ(policy.interval, 90 * kDay);
  bool said = false;
  for (const SetBy& one : policy.set_by)
    said = said || (one.policy == "hipaa" && one.value == "entity-defined");
  EXPECT_TRUE(said);
}

TEST(PolicyMerge, windows_of_several_policies_are_groups_that_must_all_be_open) {
  const EffectivePolicy policy = merged({"name: a\nwindows: [{cron: \"0 2 * * sat\", length: 4h}, "
                                         "{cron: \"0 2 * * sun\", length: 4h}]",
                                         "name: b\nwindows: [{cron: \"0 3 * * *\", length: 1h}]"},
                                        subject("k"));
  ASSERT_EQ(policy.windows.size(), 3U);
  EXPECT_EQ(policy.windows[0].group, policy.windows[1].group);
  EXPECT_NE(policy.windows[0].group, policy.windows[2].group);
}

TEST(PolicyMerge, blackouts_and_crons_join_without_doubles) {
  const std::string freeze =
      "blackouts: [{name: x, from: 2027-11-26T00:00:00Z, to: 2027-11-30T00:00:00Z}]\n"
      "crons: [\"0 3 1 * *\"]";
  const EffectivePolicy policy = merged({"name: a\n" + freeze, "name: b\n" + freeze}, subject("k"));
  EXPECT_EQ(policy.blackouts.size(), 1U);
  EXPECT_EQ(policy.crons.size(), 1U);
  EXPECT_FALSE(policy.interval.has_value()) << "clock times need no default interval";
}

}  // namespace
}  // namespace kw::rotation
