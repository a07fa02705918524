#include "rotation/policy_document.h"

#include "rotation/subject_for_tests.h"

namespace kw::rotation {
namespace {

Error refusal(std::string_view text) {
  auto parsed = parse_policy_document(text, "p.yaml");
  EXPECT_FALSE(parsed.has_value()) << text;
  return parsed ? Error{} : parsed.error();
}

constexpr std::string_view kFull = R"(name: card-data
description: "Keys: around \"cards\""
extends: [pci-dss-4.0.1, sox]
applies_to: {tenants: [acme], kinds: [key], types: [dek, signing], classifications: [restricted], owners: [payments], name_prefix: card-, labels: {scope: pci}}
scheduled: true
interval: 60d
crons: [{"cron":"0 3 1 * *","zone":"Europe/Berlin"}]
max_age: 90d
expiry_lead: 30d
max_operations: 2^31
max_bytes: 1TiB
use_at: 0.4
events: ["leak","leaver"]
jitter: 2d
windows: [{"cron":"0 2 * * sat","length":"4h","zone":"Europe/Berlin"},{"cron":"0 2 * * sun","length":"1h","zone":"UTC","group":1}]
blackouts: [{"name":"black friday","from":"2027-11-26T00:00:00Z","to":"2027-11-30T00:00:00Z"}]
hard_deadline: 5d
at_deadline: block_protect
approvals: 2
rollout: {steps: [1,5,25,50,100], soak: 15min, operations: 1000, error_margin: 0.001, latency_ratio: 1.5}
publish_wait: 1h
acknowledgement_deadline: 1d
overlap: {min: 1d, quiet: 12h}
quarantine: 7d
state_deadline: 1h
old_version: archive
classification: {confidential: 0.5, restricted: 30d}
types:
  dek:
    interval: 45d
  signing: {}
)";

TEST(PolicyDocument, its_canonical_text_reads_back_to_itself) {
  EXPECT_EQ(policy_text(document(kFull)), kFull);
}

TEST(PolicyDocument, reads_every_field) {
  const PolicyDocument full = document(kFull);
  EXPECT_EQ(full.types.at("dek").interval, 45 * kDay);
  EXPECT_EQ(full.clauses.max_bytes, std::int64_t{1} << 40);
  EXPECT_EQ(full.clauses.windows->at(1).group, 1);
  EXPECT_EQ(full.clauses.rollout_percent, (std::vector<int>{1, 5, 25, 50, 100}));
  EXPECT_EQ(full.clauses.at_deadline, AtDeadline::kBlockProtect);
  EXPECT_EQ(full.clauses.old_version, OldVersion::kArchive);
  EXPECT_EQ(full.clauses.classification.at("restricted").interval, 30 * kDay);
  EXPECT_EQ(full.description, "Keys: around \"cards\"");
}

TEST(PolicyDocument, reads_json_as_well) {
  const PolicyDocument json = document(
      R"({"name": "j", "interval": "30d", "overlap": {"min": "1d"}, "crons": ["0 3 * * *"]})");
  EXPECT_EQ(json.clauses.interval, 30 * kDay);
  EXPECT_EQ(json.clauses.min_overlap, kDay);
  EXPECT_EQ(json.clauses.crons->at(0).zone, "UTC");
}

TEST(PolicyDocument, an_unknown_field_is_refused_with_its_place_and_the_likely_one) {
  const Error failure = refusal("name: p\ntypes:\n  dek:\n    intervall: 30d\n");
  EXPECT_EQ(failure.reason, "bad_policy");
  EXPECT_EQ(failure.message, "p.yaml:4:5: unknown field \"intervall\"; did you mean interval?");
  EXPECT_NE(refusal("name: p\noverlap: {minimum: 1d}\n").message.find("overlap.minimum"),
            std::string::npos);
}

TEST(PolicyDocument, values_out_of_form_or_range_are_refused) {
  for (const char* line :
       {"interval: 90",
        "interval: 30s",
        "interval: [1d]",
        "jitter: 8d",
        "approvals: 6",
        "approvals: two",
        "use_at: 1.5",
        "use_at: nan",
        "use_at: 0",
        "max_operations: 0",
        "max_bytes: 1TB",
        "events: []",
        "events: leak",
        "rollout: {steps: [1, 5]}",
        "rollout: {steps: [5, 1, 100]}",
        "rollout: {steps: [0, 100]}",
        "rollout: 5",
        "windows: [{cron: \"0 2 * * *\"}]",
        "windows: [{cron: \"0 2 * * *\", length: 10s}]",
        "windows: [{cron: \"0 2 * * *\", length: 1h, extra: 1}]",
        "at_deadline: panic",
        "blackouts: [{name: x, from: 2027-01-02T00:00:00Z, to: 2027-01-01T00:00:00Z}]",
        "blackouts: [{name: x, from: 2027-01-01, to: 2027-01-02}]",
        "scheduled: yes",
        "classification: {secret: 0.5}",
        "classification: {public: 0}",
        "types: [dek]",
        "types: {DEK: {interval: 1d}}",
        "types: {dek: 5}",
        "applies_to: {tenant: [a]}",
        "applies_to: {classifications: [secret]}",
        "numbers: maybe",
        "overlap: {min: 1d}\noverlap.min: 1d",
        "interval: 1d\ninterval: 2d",
        "extends: pci-dss-4.0.1"})
    EXPECT_EQ(refusal("name: p\n" + std::string(line) + "\n").reason, "bad_policy") << line;
  EXPECT_EQ(refusal("interval: 1d").reason, "bad_policy");
  EXPECT_EQ(refusal("name: \"a b\"").reason, "bad_policy");
  EXPECT_EQ(refusal("- name").reason, "bad_policy");
}

TEST(PolicyDocument, crons_zones_and_templates_are_looked_up_when_it_is_read) {
  EXPECT_EQ(refusal("name: p\ncrons: [\"0 0 30 2 *\"]").reason, "bad_cron");
  EXPECT_EQ(refusal("name: p\ncrons: [{cron: \"0 0 * * *\", zone: Mars/Base}]").reason,
            "unknown_zone");
  EXPECT_EQ(refusal("name: p\nextends: [pci]").reason, "unknown_template");
  EXPECT_EQ(refusal("name: p\nextends: [defaults]").reason, "unknown_template");
  EXPECT_NE(refusal("name: p\nextends: [pci]").message.find("pci-dss-4.0.1"), std::string::npos);
}

TEST(PolicyDocument, limits_hold) {
  EXPECT_EQ(refusal(std::string(kPolicyBytesMax + 1, ' ')).reason, "policy_too_large");
  std::string types = "name: p\ntypes:\n";
  for (int i = 0; i < 65; ++i) types += "  t" + std::to_string(i) + ": {}\n";
  EXPECT_EQ(refusal(types).reason, "bad_policy");
  std::string events = "name: p\nevents: [";
  for (int i = 0; i < 65; ++i) events += "e" + std::to_string(i) + ", ";
  EXPECT_EQ(refusal(events + "e]").reason, "bad_policy");
}

TEST(Selector, all_given_fields_must_match) {
  const Selector selector = document(kFull).applies_to;
  SubjectFacts facts = subject("card-1", "dek", "restricted");
  facts.owner = "payments";
  facts.labels = {{"scope", "pci"}, {"more", "x"}};
  EXPECT_TRUE(selector.matches(facts));
  for (const auto& change : std::vector<void (*)(SubjectFacts&)>{
           [](SubjectFacts& f) { f.subject.tenant = "other"; },
           [](SubjectFacts& f) { f.subject.kind = "secret"; },
           [](SubjectFacts& f) { f.subject.name = "xcard-1"; },
           [](SubjectFacts& f) { f.type = "mac"; },
           [](SubjectFacts& f) { f.classification = "public"; },
           [](SubjectFacts& f) { f.owner = ""; }, [](SubjectFacts& f) { f.labels.erase("scope"); },
           [](SubjectFacts& f) { f.labels["scope"] = "no"; }}) {
    SubjectFacts other = facts;
    change(other);
    EXPECT_FALSE(selector.matches(other));
  }
  EXPECT_TRUE(Selector{}.matches(facts));
}

TEST(PolicyTemplates, every_framework_and_every_type_of_key_and_secret_has_one) {
  for (const char* name :
       {"pci-dss-4.0.1", "hipaa", "soc2", "nist-800-57", "gdpr", "sox", "fips-140-3", "defaults"}) {
    ASSERT_NE(find_template(name), nullptr) << name;
    EXPECT_FALSE(template_text(name).empty());
  }
  for (const char* type : {"mek",
                           "kek",
                           "dek",
                           "deterministic",
                           "signing",
                           "audit",
                           "jwt",
                           "jwt-hmac",
                           "mac",
                           "wrap",
                           "derive",
                           "tls",
                           "mtls",
                           "ca",
                           "client-cert",
                           "ssh-user",
                           "ssh-ca",
                           "ssh-host",
                           "gpg",
                           "postgresql",
                           "mysql",
                           "mariadb",
                           "sqlserver",
                           "mongodb",
                           "cosmos",
                           "redis",
                           "memcached",
                           "rabbitmq",
                           "nats",
                           "kafka",
                           "azure-key",
                           "aws-iam-key",
                           "gcp-sa-key",
                           "api-key",
                           "third-party",
                           "client-secret",
                           "webhook",
                           "webhook-inbound",
                           "oauth-refresh",
                           "k8s-secret",
                           "app-secret",
                           "k8s-sa-token",
                           "k8s-sa-signing",
                           "k8s-etcd",
                           "human-pw"})
    EXPECT_TRUE(find_template("defaults")->types.contains(type)) << type;
}

TEST(PolicyTemplates, frameworks_without_numbers_state_none) {
  for (const char* name : {"hipaa", "gdpr", "sox", "soc2"}) {
    const PolicyDocument& one = *find_template(name);
    EXPECT_TRUE(one.entity_defined) << name;
    EXPECT_FALSE(one.clauses.interval.has_value() || one.clauses.max_age.has_value());
    EXPECT_NE(policy_text(one).find("entity-defined"), std::string::npos);
    for (const auto& [type, clauses] : one.types) EXPECT_FALSE(clauses.interval || clauses.max_age);
  }
}

}  // namespace
}  // namespace kw::rotation
