#include "auth/policy.h"

#include <gtest/gtest.h>

#include "auth/room_for_tests.h"

namespace kw::auth {
namespace {

constexpr std::string_view kPermit =
    "statements:\n"
    "  - effect: permit\n"
    "    principals: [payments-app]\n"
    "    actions: [key:encrypt, key:decrypt]\n"
    "    tenant: acme\n"
    "    kind: key\n"
    "    names: [orders]\n"
    "    when: {classification: internal}\n";

std::vector<Statement> parsed(std::string_view yaml) {
  auto statements = parse_policy(yaml, "payments", test_vocabulary());
  EXPECT_TRUE(statements) << statements.error().message;
  return statements ? *statements : std::vector<Statement>{};
}

std::string refusal(std::string_view yaml) {
  const auto statements = parse_policy(yaml, "payments", test_vocabulary());
  if (statements) return "accepted";
  EXPECT_EQ(statements.error().reason, "bad_policy");
  EXPECT_EQ(statements.error().code, Code::kInvalidArgument);
  return statements.error().message;
}

Principal named(std::string_view name, std::vector<Grant> grants = {}) {
  Principal principal;
  principal.name = name;
  principal.grants = std::move(grants);
  return principal;
}

Question encrypt_orders() {
  Question question;
  question.action = "key:encrypt";
  question.tenant = "acme";
  question.kind = "key";
  question.name = "orders";
  question.roles = {Role::kKeyUser};
  question.facts = {{"classification", "internal"}, {"owner", "ops"}};
  return question;
}

TEST(ParsePolicy, reads_every_field) {
  const auto statements = parsed(kPermit);
  ASSERT_EQ(statements.size(), 1U);
  const Statement& permit = statements[0];
  EXPECT_EQ(permit.effect, Effect::kPermit);
  EXPECT_EQ(permit.principals, std::vector<std::string>{"payments-app"});
  EXPECT_EQ(permit.actions, (std::vector<std::string>{"key:encrypt", "key:decrypt"}));
  EXPECT_EQ(permit.tenant, "acme");
  EXPECT_EQ(permit.kind, "key");
  EXPECT_EQ(permit.names, std::vector<std::string>{"orders"});
  EXPECT_EQ(permit.when.at("classification"), "internal");
  EXPECT_EQ(permit.where, "payments:2");
}

TEST(ParsePolicy, reads_roles_prefix_and_a_short_forbid) {
  const auto statements = parsed(
      "statements:\n"
      "  - {effect: permit, roles: [key-user], actions: [key:list], tenant: acme, kind: key, "
      "prefix: pay-}\n"
      "  - effect: forbid\n");
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_EQ(statements[0].roles, std::vector<Role>{Role::kKeyUser});
  EXPECT_EQ(statements[0].prefix, "pay-");
  EXPECT_EQ(statements[1].effect, Effect::kForbid);
  EXPECT_EQ(statements[1].where, "payments:3");
}

TEST(ParsePolicy, refuses_and_points_at_what_it_does_not_know) {
  EXPECT_TRUE(refusal("statements:\n  - effect: forbid\n    resource: x\n")
                  .starts_with("payments:3:5: unknown field"));
  EXPECT_TRUE(refusal("rules: []\n").starts_with("payments:1:1: unknown field"));
  EXPECT_TRUE(refusal("statements: [{effect: allow}]")
                  .starts_with("payments:1:23: effect is permit or forbid"));
  EXPECT_TRUE(refusal("statements: [{effect: forbid, actions: [key:Encrypt]}]").find("no action") !=
              std::string::npos);
  EXPECT_TRUE(refusal("statements: [{effect: forbid, kind: keys}]").find("no kind") !=
              std::string::npos);
  EXPECT_TRUE(refusal("statements: [{effect: forbid, roles: [root]}]").find("no role") !=
              std::string::npos);
  EXPECT_TRUE(refusal("statements: [{effect: forbid, when: {clasification: x}}]").find("no fact") !=
              std::string::npos);
  EXPECT_TRUE(refusal("statements: [{effect: forbid, names: ['pay-*']}]").find("no wildcards") !=
              std::string::npos);
  EXPECT_TRUE(refusal("statements: [{effect: forbid, tenant: '*'}]").find("tenant name") !=
              std::string::npos);
  EXPECT_TRUE(refusal("statements: [{effect: forbid, principals: ['a b']}]").find("a name is") !=
              std::string::npos);
}

TEST(ParsePolicy, refuses_a_permit_without_each_of_its_parts) {
  const std::vector<std::string> parts = {"principals: [app]", "actions: [key:encrypt]",
                                          "tenant: acme", "kind: key"};
  for (std::size_t left_out = 0; left_out <= parts.size(); ++left_out) {
    std::string text = "statements: [{effect: permit";
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i != left_out) text += ", " + parts[i];
    }
    text += "}]";
    if (left_out == parts.size()) {
      EXPECT_EQ(refusal(text), "accepted");
    } else {
      EXPECT_NE(refusal(text).find("a permit needs"), std::string::npos) << text;
    }
  }
}

TEST(ParsePolicy, refuses_what_would_read_otherwise_than_it_works) {
  for (const std::string_view text :
       {"",
        "statements",
        "statements:",
        "statements: []",
        "[]",
        "statements: {}",
        "statements: [permit]",
        "statements: [{}]",
        "statements: [{principals: [a]}]",
        "statements: [{effect: forbid, principals: []}]",
        "statements: [{effect: forbid, actions: key:list}]",
        "statements: [{effect: forbid, names: []}]",
        "statements: [{effect: forbid, prefix: ''}]",
        "statements: [{effect: forbid, when: {}}]",
        "statements: [{effect: forbid, when: [classification]}]",
        "statements: [{effect: forbid, tenant: }]",
        "statements: [{effect: forbid, principals: [a], roles: [key-user]}]",
        "statements: [{effect: forbid, names: [a], prefix: b}]",
        "statements: [{effect: forbid, effect: permit}]",
        "statements: [{effect: forbid, names: [[a]]}]",
        "statements: [{effect: forbid, when: {owner: ''}}]",
        "statements: [{effect: forbid}]\nstatements: [{effect: forbid}]",
        "statements: [{effect: &a forbid}]"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

TEST(ParsePolicy, refuses_a_text_above_64_kib) {
  std::string text = "statements: [{effect: forbid}]\n";
  text.resize(kPolicyBytesMax, '\n');
  EXPECT_TRUE(parse_policy(text, "p", test_vocabulary()));
  text += '\n';
  const auto refused = parse_policy(text, "p", test_vocabulary());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "policy_too_large");
}

TEST(Decide, denies_by_default) {
  const Decision decision = decide(named("app"), encrypt_orders(), {});
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.because, "no permit matches");
}

TEST(Decide, allows_a_role_in_its_tenant_only) {
  const Principal user = named("app", {{Role::kKeyUser, "acme"}});
  const Decision decision = decide(user, encrypt_orders(), {});
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.because, "role key-user");
  Question elsewhere = encrypt_orders();
  elsewhere.tenant = "globex";
  EXPECT_FALSE(decide(user, elsewhere, {}).allowed);
  elsewhere.tenant = "";
  EXPECT_FALSE(decide(user, elsewhere, {}).allowed);
}

TEST(Decide, allows_what_a_permit_says_and_nothing_beside_it) {
  const auto statements = parsed(kPermit);
  const Principal app = named("payments-app");
  const Decision decision = decide(app, encrypt_orders(), statements);
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.because, "payments:2 permits");

  const auto refused = [&](const auto& alter, std::string_view part) {
    Question question = encrypt_orders();
    alter(question);
    const Decision denied = decide(app, question, statements);
    EXPECT_FALSE(denied.allowed) << part;
    EXPECT_EQ(denied.because,
              "no permit matches; nearest is payments:2, whose " + std::string(part) + " differs");
  };
  refused([](Question& q) { q.action = "key:rotate"; }, "action");
  refused([](Question& q) { q.tenant = "globex"; }, "tenant");
  refused([](Question& q) { q.tenant = ""; }, "tenant");
  refused([](Question& q) { q.kind = "secret"; }, "kind");
  refused([](Question& q) { q.name = "orders2"; }, "name");
  refused([](Question& q) { q.name = ""; }, "name");
  refused([](Question& q) { q.facts["classification"] = "restricted"; }, "condition");
  refused([](Question& q) { q.facts.clear(); }, "condition");
  EXPECT_EQ(decide(named("Payments-app"), encrypt_orders(), statements).because,
            "no permit matches; nearest is payments:2, whose principal differs");
}

TEST(Decide, a_forbid_beats_roles_and_permits) {
  auto statements = parsed(kPermit);
  const auto forbids = parsed("statements: [{effect: forbid, actions: [key:encrypt]}]");
  statements.insert(statements.end(), forbids.begin(), forbids.end());
  for (const Principal& who : {named("payments-app"), named("app", {{Role::kKeyUser, "*"}})}) {
    const Decision decision = decide(who, encrypt_orders(), statements);
    EXPECT_FALSE(decision.allowed);
    EXPECT_EQ(decision.because, "payments:1 forbids");
  }
}

TEST(Decide, a_forbid_whose_fact_is_unknown_holds) {
  const auto forbids = parsed("statements: [{effect: forbid, when: {classification: restricted}}]");
  const Principal user = named("app", {{Role::kKeyUser, "acme"}});
  Question question = encrypt_orders();
  EXPECT_TRUE(decide(user, question, forbids).allowed);
  question.facts["classification"] = "restricted";
  EXPECT_FALSE(decide(user, question, forbids).allowed);
  question.facts.erase("classification");
  EXPECT_FALSE(decide(user, question, forbids).allowed);
}

TEST(Decide, a_prefix_is_a_prefix_and_not_a_pattern) {
  const auto statements = parsed(
      "statements: [{effect: permit, principals: [app], actions: [key:encrypt], tenant: acme, "
      "kind: key, prefix: pay-}]");
  Question question = encrypt_orders();
  for (const std::string_view name : {"pay-", "pay-1", "pay-*"}) {
    question.name = name;
    EXPECT_TRUE(decide(named("app"), question, statements).allowed) << name;
  }
  for (const std::string_view name : {"", "pay", "Pay-1", "xpay-1", "*"}) {
    question.name = name;
    EXPECT_FALSE(decide(named("app"), question, statements).allowed) << name;
  }
}

TEST(Decide, a_role_in_a_statement_must_be_held_in_the_tenant_asked_about) {
  const auto statements = parsed(
      "statements: [{effect: permit, roles: [operator], actions: [key:list], tenant: acme, kind: "
      "key}]");
  Question question = encrypt_orders();
  question.action = "key:list";
  EXPECT_TRUE(decide(named("o", {{Role::kOperator, "acme"}}), question, statements).allowed);
  EXPECT_TRUE(decide(named("o", {{Role::kOperator, "*"}}), question, statements).allowed);
  EXPECT_FALSE(decide(named("o", {{Role::kOperator, "globex"}}), question, statements).allowed);
}

TEST(Decide, no_policy_makes_a_key_administrator_a_user_of_the_key) {
  const auto statements = parsed(kPermit);
  const Principal administrator = named("payments-app", {{Role::kKeyAdmin, "acme"}});
  const Decision decision = decide(administrator, encrypt_orders(), statements);
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.because,
            "payments:2 permits, but separation of duties forbids it to this principal");
  EXPECT_TRUE(decide(administrator, encrypt_orders(), statements, Duties::kDevelopment).allowed);
  EXPECT_TRUE(
      decide(named("payments-app", {{Role::kKeyAdmin, "globex"}}), encrypt_orders(), statements)
          .allowed);
}

TEST(Decide, no_policy_lends_the_services_own_role) {
  const auto statements = parsed(
      "statements: [{effect: permit, principals: [app], actions: [key:rotate], tenant: acme, kind: "
      "key}]");
  Question question = encrypt_orders();
  question.action = "key:rotate";
  question.roles = {Role::kKeyAdmin, Role::kScheduler};
  EXPECT_TRUE(decide(named("app"), question, statements).allowed);
  EXPECT_FALSE(decide(named("app", {{Role::kKeyUser, "acme"}}), question, statements).allowed);
}

}  // namespace
}  // namespace kw::auth
