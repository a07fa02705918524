#include "connectors/redis_target.h"

#include "connectors/administrator.h"
#include "connectors/principal_name.h"
#include "connectors/redis_acl.h"

namespace kw::connectors {

using secrets::Credential;
using secrets::Place;
using secrets::SettingRule;

namespace {

constexpr SettingRule kSystemRules[] = {
    kHostRule,
    {"port", "TCP port", false, "6379"},
    kTlsRule,
    kCaFileRule,
    {"nodes", "further servers with the same users (replicas, cluster): host:port,host:port", false,
     ""}};
constexpr SettingRule kAccountRules[] = {
    {"name", "base name: users are <name>-v<version>; the user itself with strategy=dual", true,
     ""},
    {"strategy", "user (one per version), or dual (two passwords on one user)", false, "user"},
    {"rules", "ACL rules of the user, as in \"~app:* +@read\"; empty: those of the old user", false,
     ""},
    {"probe",
     "command that the account must be allowed, as in \"GET app:probe\"; empty: not probed", false,
     ""}};

}  // namespace

std::span<const SettingRule> redis_system_rules() {
  return kSystemRules;
}
std::span<const SettingRule> redis_account_rules() {
  return kAccountRules;
}

Result<RedisTarget> RedisTarget::read(const Place& place) {
  const auto of = [&](std::string_view which) {
    return std::string(secrets::setting(place.account, kAccountRules, which));
  };
  RedisTarget target;
  KW_TRY(ServerAddress first, read_address(place.system, kSystemRules));
  KW_TRY(target.nodes,
         read_addresses(secrets::setting(place.system, kSystemRules, "nodes"), first));
  target.nodes.insert(target.nodes.begin(), std::move(first));
  KW_TRY(target.rules, acl_rules(of("rules")));
  target.name = of("name");
  target.probe = of("probe");
  const std::string strategy = of("strategy");
  if (strategy != "user" && strategy != "dual") return bad_setting("strategy is user or dual");
  target.dual = strategy == "dual";
  return target;
}

Status RedisTarget::probe_login(const Credential& credential, SteadyTime deadline) const {
  for (const ServerAddress& node : nodes) KW_OK(RedisSession::open(node, credential, deadline));
  return ok();
}

Status RedisTarget::on_each(const Place& place, std::initializer_list<const Credential*> selves,
                            SteadyTime deadline,
                            const std::function<Status(RedisSession&)>& work) const {
  for (const ServerAddress& node : nodes) {
    KW_TRY(const auto session, as_administrator(place, selves, "Redis", [&](const Credential& as) {
             return RedisSession::open(node, as, deadline);
           }));
    KW_OK(work(*session));
  }
  return ok();
}

}  // namespace kw::connectors
