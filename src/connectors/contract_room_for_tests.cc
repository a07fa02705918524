#include "connectors/contract_room_for_tests.h"

#include <algorithm>

#include "connectors/make_connectors.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Credential;
using secrets::Outcome;
using secrets::Probe;

const std::vector<ContractEntry>& contract_entries() {
  static const std::vector<ContractEntry> all{
#define KW_FOREIGN_SYSTEM(name) {#name, name##_system},
#include "connectors/foreign_systems.def"
#undef KW_FOREIGN_SYSTEM
  };
  return all;
}

void PrintTo(const ContractEntry& entry, std::ostream* out) {
  *out << entry.name;
}

void ContractRoom::SetUp() {
  system = GetParam().start();
  if (system == nullptr) GTEST_SKIP() << GetParam().name << " is not installed";
  reborn();
  ASSERT_NE(connector, nullptr);
}

void ContractRoom::begin() {
  account = system->fresh_account();
  const Status checked = connector->check(place());
  ASSERT_TRUE(checked) << checked.error().message;
  for (const auto& [settings, rules] : {std::pair(&account.system, connector->system_rules()),
                                        std::pair(&account.account, connector->account_rules())}) {
    const Status known = secrets::check_settings(*settings, rules);
    ASSERT_TRUE(known) << known.error().message;
  }
}

void ContractRoom::reborn() {
  connectors = make_connectors(system->options());
  connector = secrets::connector_named(connectors, system->connector());
  with_consumer = system->with_consumer(*connector);
  if (with_consumer != nullptr) connector = with_consumer.get();
}

secrets::Place ContractRoom::place() const {
  return {"acme", "here", account.system, account.account,
          account.admin ? &*account.admin : nullptr};
}

secrets::Context ContractRoom::context(std::chrono::milliseconds left) {
  return {"run-1", std::chrono::steady_clock::now() + left, false};
}

bool ContractRoom::lead_over_proxy() {
  const auto ports = system->ports(account);
  if (ports.empty()) return false;
  proxy = std::make_unique<TcpProxy>(ports);
  system->lead_over(account, proxy->ports());
  return true;
}

std::string ContractRoom::text_of(const Credential& one) {
  return std::string(as_text(one.secret.reveal(Reveal{})));
}

Credential ContractRoom::copy_of(const Credential& one) {
  return {one.version, one.principal, one.secret.clone()};
}

Credential ContractRoom::mint(std::uint32_t version, const Credential& old) {
  const std::string taken[] = {old.principal};
  auto made = connector->create_pending(context(), place(), {version, taken});
  EXPECT_TRUE(made) << made.error().message;
  if (!made) return {};
  if (made->secret.empty()) made->secret = random_value_for_tests();
  return std::move(*made);
}

ContractRoom::Accepted ContractRoom::accepted(const Credential& one) {
  const Credential* const known[] = {&one};
  const auto seen = connector->inspect(context(), place(), known);
  if (!seen) {
    ADD_FAILURE() << seen.error().reason << ": " << seen.error().message;
    return Accepted::kUnknown;
  }
  return seen->accepted.at(0);
}

void ContractRoom::expect_accepted(const Step& step, const Credential& old,
                                   const Credential& fresh) {
  const Credential* const known[] = {&old, &fresh};
  const auto seen = connector->inspect(context(), place(), known);
  ASSERT_TRUE(seen) << step.name << ": " << seen.error().message;
  ASSERT_EQ(seen->accepted, (std::vector{step.old_works, step.fresh_works}))
      << step.name << ": old and new";
}

std::int64_t ContractRoom::in_use(const Credential& one) {
  const auto drain = connector->measure_drain(context(), place(), one);
  EXPECT_TRUE(drain) << drain.error().message;
  return drain ? drain->in_use : -1;
}

void ContractRoom::is_ok(const Answer& answer, const char* what) {
  ASSERT_EQ(answer.outcome, Outcome::kOk) << what << ": " << answer.reason << ": " << answer.detail;
}

ContractRoom::Accepted ContractRoom::after_install() const {
  return connector->describe(place()).slots > 1 ? Accepted::kYes : Accepted::kNo;
}

std::vector<ContractRoom::Step> ContractRoom::way(const Credential& old, const Credential& fresh) {
  const Accepted both = after_install();
  const Accepted stopped = connector->describe(place()).soft_disable ? Accepted::kNo : both;
  const auto at = [this] { return place(); };
  return {
      {"install", [&, at] { return connector->install(context(), at(), fresh, &old); }, both,
       Accepted::kYes},
      {"promote", [&, at] { return connector->promote(context(), at(), fresh, &old); }, both,
       Accepted::kYes},
      {"disable_old", [&, at] { return connector->disable_old(context(), at(), old, fresh); },
       stopped, Accepted::kYes},
      {"restore_old", [&, at] { return connector->restore_old(context(), at(), old, fresh); }, both,
       Accepted::kYes},
      {"revoke_old", [&, at] { return connector->revoke_old(context(), at(), old, fresh, false); },
       Accepted::kNo, Accepted::kYes}};
}

bool ContractRoom::touches(const Step& step) const {
  const auto can = connector->describe(place());
  const std::string_view name = step.name;
  if (name == "disable_old" || name == "restore_old") return can.soft_disable;
  if (name == "revoke_old") return can.slots > 1;
  return name == "install";
}

// Putting the old one in again beside the fresh one gives the state after an installation.
void ContractRoom::back_to(const Step& step, const Credential& old, const Credential& fresh) {
  const std::string_view name = step.name;
  if (name == "install") {
    is_ok(connector->remove_pending(context(), place(), fresh, &old), "back");
  } else if (name == "restore_old") {
    is_ok(connector->disable_old(context(), place(), old, fresh), "back");
  } else if (after_install() == Accepted::kYes) {
    if (name == "revoke_old") is_ok(connector->install(context(), place(), old, &fresh), "back");
    is_ok(connector->restore_old(context(), place(), old, fresh), "back");
  }
}

void ContractRoom::rotate(const Credential& old, const Credential& fresh) {
  for (const Step& step : way(old, fresh)) {
    is_ok(step.verb(), step.name);
    if (HasFatalFailure()) return;
    expect_accepted(step, old, fresh);
    for (const Probe probe : {Probe::kPositive, Probe::kNegative, Probe::kPermission})
      is_ok(connector->test(context(), place(), fresh, probe), step.name);
    if (HasFatalFailure()) return;
  }
  const Answer refused = connector->test(context(), place(), old, Probe::kPositive);
  ASSERT_EQ(refused.outcome, Outcome::kDefiniteFail) << "the old one must be refused in the end";
}

void ContractRoom::revoke_with_sessions(const Credential& old, const Credential& fresh) {
  auto session = system->log_in(account, old);
  if (session == nullptr) GTEST_SKIP() << "no sessions there";
  is_ok(connector->install(context(), place(), fresh, &old), "install");
  const auto can = connector->describe(place());
  is_ok(connector->revoke_old(context(), place(), old, fresh, false), "revoke");
  // Where they end with their user, they do so a moment later.
  EXPECT_TRUE(comes_true([&] { return session->alive() == can.sessions_survive_revoke; }, 10));
  EXPECT_EQ(can.ends_sessions, system->can_end_sessions());
  const Answer ended = connector->revoke_old(context(), place(), old, fresh, true);
  if (!system->can_end_sessions()) {
    EXPECT_EQ(ended.reason, "sessions_cannot_be_ended");
    return;
  }
  is_ok(ended, "revoke with sessions");
  EXPECT_TRUE(comes_true([&] { return !session->alive(); }, 10));
  EXPECT_EQ(system->log_in(account, old), nullptr);
  EXPECT_NE(system->log_in(account, fresh), nullptr);
}

std::vector<std::string> ContractRoom::changed(const std::map<std::string, std::string>& before,
                                               const std::map<std::string, std::string>& after) {
  std::vector<std::string> names;
  for (const auto& [name, facts] : before) {
    const auto found = after.find(name);
    if (found == after.end() || found->second != facts) names.push_back(name);
  }
  for (const auto& [name, facts] : after)
    if (!before.contains(name)) names.push_back(name);
  return names;
}

}  // namespace kw::connectors
