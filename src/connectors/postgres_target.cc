#include "connectors/postgres_target.h"

#include "connectors/administrator.h"
#include "connectors/principal_name.h"

namespace kw::connectors {

using secrets::Credential;
using secrets::Place;
using secrets::SettingRule;

namespace {

constexpr SettingRule kSystemRules[] = {
    kHostRule,
    {"port", "TCP port", false, "5432"},
    kTlsRule,
    kCaFileRule,
    {"database", "database that the administrator connects to", false, "postgres"},
    {"replicas", "standbys that must accept a credential too: host:port,host:port", false, ""}};
constexpr SettingRule kAccountRules[] = {
    kNameRule,
    {"strategy", "alternate (two roles that take turns), or swap (one role, a moment of refusal)",
     false, "alternate"},
    {"owner", "role that owns the account's objects; both roles act as it (alternate)", false, ""},
    {"database", "database that the account connects to; empty: the administrator's", false, ""},
    {"probe_schema", "schema where the account must be able to make a table; empty: not probed",
     false, ""}};

}  // namespace

std::span<const SettingRule> postgres_system_rules() {
  return kSystemRules;
}
std::span<const SettingRule> postgres_account_rules() {
  return kAccountRules;
}

Result<PostgresTarget> PostgresTarget::read(const Place& place) {
  const auto of = [&](std::string_view which) {
    return std::string(secrets::setting(place.account, kAccountRules, which));
  };
  PostgresTarget target;
  KW_TRY(target.primary, read_address(place.system, kSystemRules));
  KW_TRY(target.replicas,
         read_addresses(secrets::setting(place.system, kSystemRules, "replicas"), target.primary));
  target.database = secrets::setting(place.system, kSystemRules, "database");
  target.own_database = of("database").empty() ? target.database : of("database");
  target.name = of("name");
  target.owner = of("owner");
  target.probe_schema = of("probe_schema");
  const std::string strategy = of("strategy");
  if (strategy != "alternate" && strategy != "swap")
    return bad_setting("strategy is alternate or swap");
  target.swap = strategy == "swap";
  return target;
}

Result<std::unique_ptr<PostgresSession>> PostgresTarget::log_in(const ServerAddress& where,
                                                                const Credential& credential,
                                                                SteadyTime deadline) const {
  return PostgresSession::open(
      {where, own_database, credential.principal, credential.secret, deadline});
}

Status PostgresTarget::probe(const ServerAddress& where, const Credential& credential,
                             SteadyTime deadline) const {
  KW_OK(log_in(where, credential, deadline));
  return ok();
}

namespace {

Result<std::unique_ptr<PostgresSession>> administer_at(
    const PostgresTarget& target, const ServerAddress& where, const Place& place,
    std::initializer_list<const Credential*> selves, SteadyTime deadline) {
  return as_administrator(place, selves, "PostgreSQL", [&](const Credential& as) {
    return PostgresSession::open({where, target.database, as.principal, as.secret, deadline});
  });
}

}  // namespace

Result<std::unique_ptr<PostgresSession>> PostgresTarget::administer(
    const Place& place, std::initializer_list<const Credential*> selves,
    SteadyTime deadline) const {
  return administer_at(*this, primary, place, selves, deadline);
}

Status PostgresTarget::on_each(const Place& place, std::initializer_list<const Credential*> selves,
                               SteadyTime deadline,
                               const std::function<Status(PostgresSession&)>& work) const {
  KW_TRY(const auto first, administer_at(*this, primary, place, selves, deadline));
  KW_OK(work(*first));
  for (const ServerAddress& replica : replicas) {
    KW_TRY(const auto session, administer_at(*this, replica, place, selves, deadline));
    KW_OK(work(*session));
  }
  return ok();
}

}  // namespace kw::connectors
