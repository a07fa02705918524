#include "connectors/mariadb_target.h"

#include "connectors/administrator.h"
#include "connectors/principal_name.h"

namespace kw::connectors {

using secrets::Credential;
using secrets::Place;
using secrets::SettingRule;

namespace {

constexpr SettingRule kSystemRules[] = {
    kHostRule,
    {"port", "TCP port", false, "3306"},
    kTlsRule,
    kCaFileRule,
    {"replicas", "replicas that must accept a credential too: host:port,host:port", false, ""}};
constexpr SettingRule kAccountRules[] = {
    {"name", "the user (dual); base name of <name>_a and <name>_b (alternate)", true, ""},
    {"client_host", "host part of the account, as in name@host", false, "%"},
    {"strategy", "dual (two passwords on one account), or alternate (two accounts, one role)",
     false, "dual"},
    {"role", "role that both accounts act by (alternate)", false, ""},
    {"database", "database that the account connects to", false, ""},
    {"probe", "statement that the account must be able to run; rolled back; empty: not probed",
     false, ""}};

}  // namespace

std::span<const SettingRule> mariadb_system_rules() {
  return kSystemRules;
}
std::span<const SettingRule> mariadb_account_rules() {
  return kAccountRules;
}

Result<MariadbTarget> MariadbTarget::read(const Place& place) {
  const auto of = [&](std::string_view which) {
    return std::string(secrets::setting(place.account, kAccountRules, which));
  };
  MariadbTarget target;
  KW_TRY(target.primary, read_address(place.system, kSystemRules));
  KW_TRY(target.replicas,
         read_addresses(secrets::setting(place.system, kSystemRules, "replicas"), target.primary));
  target.name = of("name");
  target.host = of("client_host");
  target.role = of("role");
  target.database = of("database");
  target.probe = of("probe");
  const std::string strategy = of("strategy");
  if (strategy != "dual" && strategy != "alternate")
    return bad_setting("strategy is dual or alternate");
  target.alternate = strategy == "alternate";
  return target;
}

Status MariadbTarget::probe_login(const ServerAddress& where, const Credential& credential,
                                  SteadyTime deadline) const {
  KW_OK(MariadbSession::open(where, database, credential, deadline));
  return ok();
}

Result<std::unique_ptr<MariadbSession>> MariadbTarget::administer(
    const Place& place, std::initializer_list<const Credential*> selves, SteadyTime deadline,
    bool several) const {
  return as_administrator(place, selves, "MariaDB", [&](const Credential& as) {
    return MariadbSession::open(primary, "", as, deadline, several);
  });
}

}  // namespace kw::connectors
