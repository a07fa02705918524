// The contract of secrets/connector.h over every connector, against real systems.
#include <gtest/gtest.h>

#include <algorithm>

#include "connectors/authority_for_tests.h"
#include "connectors/contract_room_for_tests.h"
#include "connectors/make_connectors.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Credential;
using secrets::Drain;
using secrets::Observed;
using secrets::Outcome;
using secrets::Probe;
using Accepted = Observed::Accepted;

class ConnectorContract : public ContractRoom {};

TEST(ConnectorCatalogue, every_connector_is_under_contract) {
  for (const auto& connector : make_connectors({})) {
    const auto& all = contract_entries();
    const bool found = std::any_of(all.begin(), all.end(), [&](const ContractEntry& entry) {
      return std::string_view(entry.name).starts_with(connector->name());
    });
    EXPECT_TRUE(found) << connector->name() << " needs a line in foreign_systems.def";
  }
}

TEST_P(ConnectorContract, rotates_three_times_and_touches_nothing_else) {
  begin();
  const auto before = system->catalogue();
  Credential old = copy_of(account.first);
  for (std::uint32_t version = 2; version <= 4; ++version) {
    Credential fresh = mint(version, old);
    rotate(old, fresh);
    if (HasFatalFailure()) return;
    old = std::move(fresh);
  }
  for (const std::string& name : changed(before, system->catalogue()))
    EXPECT_TRUE(system->belongs(name, account)) << name << " is none of ours";
}

TEST_P(ConnectorContract, every_verb_may_be_repeated_after_a_crash) {
  begin();
  const Credential old = copy_of(account.first), fresh = mint(2, old);
  for (const Step& step : way(old, fresh)) {
    for (int life = 0; life < 2; ++life) {
      reborn();
      is_ok(step.verb(), step.name);
      expect_accepted(step, old, fresh);
    }
  }
}

TEST_P(ConnectorContract, a_version_that_never_was_used_goes_without_a_trace_of_its_value) {
  begin();
  const Credential old = copy_of(account.first);
  Credential fresh = mint(2, old);
  is_ok(connector->remove_pending(context(), place(), fresh, &old), "remove what is not there");
  if (connector->describe(place()).self_generates) fresh = mint(2, old);
  is_ok(connector->install(context(), place(), fresh, &old), "install");
  for (int life = 0; life < 2; ++life) {
    is_ok(connector->remove_pending(context(), place(), fresh, &old), "remove_pending");
    EXPECT_EQ(accepted(old), Accepted::kYes);
    EXPECT_EQ(accepted(fresh), Accepted::kNo);
  }
  const Credential again = mint(3, old);
  is_ok(connector->install(context(), place(), again, &old), "install of the next one");
  EXPECT_EQ(accepted(again), Accepted::kYes);
  EXPECT_EQ(accepted(fresh), Accepted::kNo);
}

// create_pending, where it is the system that makes the secret.
TEST_P(ConnectorContract, what_was_made_for_a_lost_answer_is_found_and_goes) {
  begin();
  if (!connector->describe(place()).self_generates) GTEST_SKIP() << "we make the values";
  const Credential old = copy_of(account.first), lost = mint(2, old);
  for (int life = 0; life < 2; ++life) {
    reborn();
    is_ok(connector->remove_pending(context(), place(), {2, "", {}}, &old), "remove_pending");
    EXPECT_EQ(accepted(old), Accepted::kYes);
  }
  const auto others = system->catalogue().size();
  const Credential forgotten = mint(2, old);
  reborn();
  const Credential fresh = mint(2, old);
  rotate(old, fresh);
  if (HasFatalFailure()) return;
  EXPECT_EQ(system->catalogue().size(), others);
  for (const Credential* each : {&lost, &forgotten})
    EXPECT_TRUE(each->principal == fresh.principal || accepted(*each) == Accepted::kNo);
}

TEST_P(ConnectorContract, what_is_installed_survives_the_death_of_the_server) {
  begin();
  const Credential old = copy_of(account.first), fresh = mint(2, old);
  is_ok(connector->install(context(), place(), fresh, &old), "install");
  if (!system->crash_and_restart()) GTEST_SKIP() << "not restarted here";
  EXPECT_EQ(accepted(fresh), Accepted::kYes);
  EXPECT_EQ(accepted(old), after_install());
  is_ok(connector->revoke_old(context(), place(), old, fresh, false), "revoke");
  ASSERT_TRUE(system->crash_and_restart());
  EXPECT_EQ(accepted(fresh), Accepted::kYes);
  EXPECT_EQ(accepted(old), Accepted::kNo);
}

TEST_P(ConnectorContract, no_value_gets_into_the_log_of_the_server) {
  begin();
  if (system->log().empty()) GTEST_SKIP() << "it logs no commands";
  const Credential old = copy_of(account.first), fresh = mint(2, old);
  rotate(old, fresh);
  if (HasFatalFailure()) return;
  EXPECT_EQ(system->log().find(text_of(fresh)), std::string::npos);
}

TEST_P(ConnectorContract, the_certificate_of_the_target_is_checked) {
  begin();
  const std::uint16_t port = system->tls_port(account);
  if (port == 0) GTEST_SKIP() << "no TLS there";
  const Credential one = copy_of(account.first);
  const auto outcome_at = [&](const char* host, const std::string& authority) {
    account.system["host"] = host;
    account.system["port"] = std::to_string(port);
    account.system["tls"] = "verify";
    account.system["ca_file"] = authority;
    return connector->test(context(), place(), one, Probe::kPositive);
  };
  const TestAuthority& authority = TestAuthority::shared();
  is_ok(outcome_at("localhost", authority.trusted()), "login over TLS");
  EXPECT_NE(outcome_at("localhost", authority.stranger()).outcome, Outcome::kOk);
  EXPECT_NE(outcome_at("localhost", "").outcome, Outcome::kOk) << "the system's authorities";
  EXPECT_NE(outcome_at("127.0.0.1", authority.trusted()).outcome, Outcome::kOk) << "another name";
}

// At every request of every verb: lost before it arrives, and lost reply.
TEST_P(ConnectorContract, a_cut_connection_is_unknown_and_a_repeat_mends_it) {
  begin();
  if (!lead_over_proxy()) GTEST_SKIP() << "no network in between";
  const Credential old = copy_of(account.first), fresh = mint(2, old);
  for (const Step& step : way(old, fresh)) {
    for (const auto fault : {TcpProxy::Fault::kCutBefore, TcpProxy::Fault::kCutAfter}) {
      for (int request = 0; request < system->cut_points(); ++request) {
        back_to(step, old, fresh);
        proxy->arm(fault, request);
        const Answer answer = step.verb();
        const bool met = proxy->fired();
        proxy->arm(TcpProxy::Fault::kNone);
        if (!met) break;
        ASSERT_LT(request, 199);
        ASSERT_NE(answer.outcome, Outcome::kDefiniteFail)
            << step.name << " cut at request " << request << ": " << answer.reason;
        is_ok(step.verb(), step.name);
        expect_accepted(step, old, fresh);
        if (HasFailure()) return;
      }
    }
  }
}

TEST_P(ConnectorContract, a_target_that_is_down_is_unknown) {
  begin();
  std::vector<std::uint16_t> ports = system->ports(account);
  if (ports.empty()) GTEST_SKIP() << "no network in between";
  std::generate(ports.begin(), ports.end(), free_port);
  system->lead_over(account, ports);
  const Credential old = copy_of(account.first), fresh = mint(2, old);
  for (const Step& step : way(old, fresh)) {
    if (step.name == std::string("promote")) continue;
    const Answer answer = step.verb();
    if (answer.outcome == Outcome::kOk && !touches(step)) continue;
    EXPECT_EQ(answer.outcome, Outcome::kUnknown) << step.name;
    EXPECT_FALSE(answer.reason.empty()) << step.name;
  }
  EXPECT_EQ(connector->test(context(), place(), old, Probe::kPositive).outcome, Outcome::kUnknown);
  EXPECT_EQ(connector->test(context(), place(), old, Probe::kNegative).outcome, Outcome::kUnknown);
  EXPECT_EQ(accepted(old), Accepted::kUnknown);
}

TEST_P(ConnectorContract, a_slow_target_keeps_the_deadline) {
  begin();
  if (!lead_over_proxy()) GTEST_SKIP() << "no network in between";
  const Credential old = copy_of(account.first), fresh = mint(2, old);
  for (const int request : {0, 3}) {
    proxy->arm(TcpProxy::Fault::kStall, request);
    const auto start = std::chrono::steady_clock::now();
    const Answer answer =
        connector->install(context(std::chrono::milliseconds(300)), place(), fresh, &old);
    const auto took = std::chrono::steady_clock::now() - start;
    ASSERT_TRUE(proxy->fired() || request > 0);
    if (!proxy->fired()) continue;  // it needs fewer requests
    EXPECT_EQ(answer.outcome, Outcome::kUnknown) << answer.reason;
    EXPECT_LT(took, std::chrono::milliseconds(300) + kSlack);
  }
  proxy->arm(TcpProxy::Fault::kStall);
  const auto start = std::chrono::steady_clock::now();
  const Answer answer =
      connector->test(context(std::chrono::milliseconds(300)), place(), old, Probe::kPositive);
  EXPECT_EQ(answer.outcome, Outcome::kUnknown) << answer.reason;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(300) + kSlack);
}

TEST_P(ConnectorContract, a_wrong_password_of_the_administrator_changes_nothing) {
  begin();
  if (!account.admin) GTEST_SKIP() << "no administrator";
  const Credential old = copy_of(account.first), fresh = mint(2, old);
  const auto before = system->catalogue();
  account.admin->secret = value_for_tests("not the password of the administrator");
  if (connector->describe(place()).self_generates) {
    const auto made = connector->create_pending(context(), place(), {3, {}});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().reason, "admin_refused");
    EXPECT_TRUE(changed(before, system->catalogue()).empty());
    return;
  }
  const Answer answer = connector->install(context(), place(), fresh, &old);
  EXPECT_EQ(answer.outcome, Outcome::kDefiniteFail);
  EXPECT_EQ(answer.reason, "admin_refused");
  EXPECT_EQ(connector->revoke_old(context(), place(), old, fresh, true).reason, "admin_refused");
  EXPECT_TRUE(changed(before, system->catalogue()).empty());
}

TEST_P(ConnectorContract, a_value_against_the_rules_of_the_target_is_a_definite_failure) {
  begin();
  const Credential old = copy_of(account.first);
  Credential fresh = mint(2, old);
  auto refused = system->refused_value(fresh);
  if (!refused) GTEST_SKIP() << "the system has no rules for values";
  fresh.secret = std::move(*refused);
  const Answer answer = connector->install(context(), place(), fresh, &old);
  EXPECT_EQ(answer.outcome, Outcome::kDefiniteFail);
  EXPECT_EQ(answer.reason, "rejected_by_policy") << answer.detail;
  EXPECT_EQ(accepted(old), Accepted::kYes);
}

TEST_P(ConnectorContract, values_are_values_whatever_is_in_them) {
  for (const std::string_view hostile :
       {"'; DROP ROLE postgres; --", "\\' OR 1=1 --", "a b\tc \"quoted\" \\",
        "%s%n{{name}}$(id)`id`", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x94\x91 \xe6\x97\xa5\xe6\x9c\xac",
        ">x nopass ~* +@all #abc", "user:password@host/?#[]&=+"}) {
    begin();
    const Credential old = copy_of(account.first);
    Credential fresh = mint(2, old);
    if (connector->describe(place()).self_generates) GTEST_SKIP() << "the system makes the values";
    fresh.secret = value_for_tests(hostile);
    const auto before = system->catalogue();
    const Answer answer = connector->install(context(), place(), fresh, &old);
    if (answer.outcome == Outcome::kDefiniteFail) {
      EXPECT_EQ(answer.reason, "rejected_by_policy") << hostile << ": " << answer.detail;
      EXPECT_TRUE(changed(before, system->catalogue()).empty()) << hostile;
      continue;
    }
    is_ok(answer, "install");
    EXPECT_EQ(accepted(fresh), Accepted::kYes) << hostile;
    is_ok(connector->test(context(), place(), fresh, Probe::kNegative), "negative probe");
    for (const std::string& name : changed(before, system->catalogue()))
      EXPECT_TRUE(system->belongs(name, account)) << name << " after " << hostile;
  }
}

TEST_P(ConnectorContract, names_of_others_are_names_whatever_is_in_them) {
  begin();
  for (const std::string_view hostile :
       {"it's; DROP ROLE postgres; --", "say \"hi\" \\ there", "\xc3\xbc\xe2\x82\xac $1 %s", "_%*?",
        "on ~* &* +@all nopass"}) {
    auto named = system->account_named(hostile);
    if (!named) GTEST_SKIP() << "no such names there";
    account = std::move(*named);
    const Credential old = copy_of(account.first), fresh = mint(2, old);
    const auto before = system->catalogue();
    rotate(old, fresh);
    if (HasFatalFailure()) return;
    for (const std::string& name : changed(before, system->catalogue()))
      EXPECT_TRUE(system->belongs(name, account)) << name << " after " << hostile;
  }
}

TEST_P(ConnectorContract, names_that_we_make_are_plain) {
  begin();
  const auto rules = connector->account_rules();
  const bool named =
      std::any_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.name == "name"; });
  if (!connector->describe(place()).principal_per_version || !named)
    GTEST_SKIP() << "makes no names";
  for (const char* hostile : {"it's", "a b", "x;y", "\"", "\\", "\xc3\xbc", "*", "-a", ""}) {
    account.account["name"] = hostile;
    EXPECT_FALSE(connector->check(place())) << hostile;
  }
}

TEST_P(ConnectorContract, the_negative_probe_finds_a_target_that_lets_everybody_in) {
  begin();
  const Credential old = copy_of(account.first);
  is_ok(connector->test(context(), place(), old, Probe::kNegative), "negative probe");
  if (!system->accept_anything(account, true)) GTEST_SKIP() << "it cannot do that";
  const Answer answer = connector->test(context(), place(), old, Probe::kNegative);
  system->accept_anything(account, false);
  EXPECT_EQ(answer.outcome, Outcome::kDefiniteFail);
  EXPECT_EQ(answer.reason, "any_secret_accepted");
}

TEST_P(ConnectorContract, the_meter_counts_a_session_and_falls_to_zero) {
  begin();
  const Credential old = copy_of(account.first);
  if (connector->describe(place()).meter != Drain::Quality::kExact) GTEST_SKIP() << "no such meter";
  EXPECT_TRUE(comes_true([&] { return in_use(old) == 0; }));
  auto session = system->log_in(account, old);
  ASSERT_NE(session, nullptr);
  EXPECT_TRUE(comes_true([&] { return in_use(old) == 1; }));
  session.reset();
  EXPECT_TRUE(comes_true([&] { return in_use(old) == 0; }));
}

TEST_P(ConnectorContract, revoking_ends_sessions_when_asked) {
  begin();
  const Credential old = copy_of(account.first), fresh = mint(2, old);
  revoke_with_sessions(old, fresh);
}

TEST_P(ConnectorContract, short_lived_users_come_and_go) {
  begin();
  secrets::Issuer* const issuer = connector->issuer();
  const secrets::Settings role = system->role();
  if (issuer == nullptr || role.empty()) GTEST_SKIP() << "no short-lived users there";
  const auto before = system->catalogue();
  const Credential user{1, "kw_lease_1-x", random_value_for_tests()};
  const WallTime expires = SystemClock().wall() + std::chrono::hours(1);
  for (int life = 0; life < 2; ++life)
    is_ok(issuer->issue(context(), place(), role, user, expires), "issue");
  auto session = system->log_in(account, user);
  ASSERT_NE(session, nullptr);
  EXPECT_TRUE(session->alive());
  is_ok(issuer->renew(context(), place(), user.principal, expires + std::chrono::hours(1)),
        "renew");
  const auto found = issuer->issued(context(), place(), "kw_lease_");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, std::vector<std::string>{user.principal});
  for (int life = 0; life < 2; ++life)
    is_ok(issuer->revoke(context(), place(), role, user.principal), "revoke");
  EXPECT_TRUE(comes_true([&] { return !session->alive(); }, 10));
  EXPECT_EQ(system->log_in(account, user), nullptr);
  EXPECT_TRUE(changed(before, system->catalogue()).empty()) << "something is left behind";
}

TEST_P(ConnectorContract, short_lived_users_survive_cut_connections) {
  begin();
  secrets::Issuer* const issuer = connector->issuer();
  const secrets::Settings role = system->role();
  if (issuer == nullptr || role.empty()) GTEST_SKIP() << "no short-lived users there";
  ASSERT_TRUE(lead_over_proxy());
  const auto before = system->catalogue();
  const Credential user{1, "kw_lease_2", random_value_for_tests()};
  const WallTime expires = SystemClock().wall() + std::chrono::hours(1);
  for (const auto fault : {TcpProxy::Fault::kCutBefore, TcpProxy::Fault::kCutAfter}) {
    for (int request = 0;; ++request) {
      proxy->arm(fault, request);
      const Answer made = issuer->issue(context(), place(), role, user, expires);
      bool met = proxy->fired();
      proxy->arm(TcpProxy::Fault::kNone);
      ASSERT_NE(made.outcome, Outcome::kDefiniteFail) << made.reason << " at " << request;
      is_ok(issuer->issue(context(), place(), role, user, expires), "issue");
      ASSERT_NE(system->log_in(account, user), nullptr);
      proxy->arm(fault, request);
      const Answer gone = issuer->revoke(context(), place(), role, user.principal);
      met = met || proxy->fired();
      proxy->arm(TcpProxy::Fault::kNone);
      ASSERT_NE(gone.outcome, Outcome::kDefiniteFail) << gone.reason << " at " << request;
      is_ok(issuer->revoke(context(), place(), role, user.principal), "revoke");
      if (!met) break;
      ASSERT_LT(request, 200);
    }
  }
  EXPECT_TRUE(changed(before, system->catalogue()).empty());
}

INSTANTIATE_TEST_SUITE_P(Systems, ConnectorContract, testing::ValuesIn(contract_entries()),
                         [](const auto& entry) { return std::string(entry.param.name); });

}  // namespace kw::connectors
