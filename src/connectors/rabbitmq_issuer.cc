#include "connectors/rabbitmq_issuer.h"

#include <algorithm>

#include "connectors/outcome.h"
#include "connectors/rabbitmq_target.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Context;
using secrets::Credential;
using secrets::Place;
using secrets::SettingRule;
using secrets::Settings;

namespace {

constexpr SettingRule kRoleRules[] = {
    {"vhost", "virtual host that the user connects to", false, "/"},
    {"configure", "expression of what he may configure there", false, ""},
    {"write", "expression of what he may write", false, ""},
    {"read", "expression of what he may read", false, ""},
    {"tags", "tags of the user, by commas", false, ""}};

std::string of(const Settings& role, std::string_view name) {
  return std::string(secrets::setting(role, kRoleRules, name));
}

// The password comes last: who can log in may do all that he shall.
Status issue_user(const Context& context, const Place& place, const Settings& role,
                  const Credential& credential) {
  KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
  KW_TRY(RabbitmqApi api, target.administer(place, {}, context.deadline));
  RabbitmqUser user = rabbitmq_user_of(credential, of(role, "tags"));
  KW_TRY(const auto there, api.user(credential.principal));
  if (!there) KW_OK(api.put_user(credential.principal, {"", "", user.tags}));
  KW_OK(api.put_permission(credential.principal, {of(role, "vhost"), "", of(role, "configure"),
                                                  of(role, "write"), of(role, "read")}));
  return api.put_user(credential.principal, user);
}

}  // namespace

std::span<const SettingRule> RabbitmqIssuer::role_rules() const {
  return kRoleRules;
}

Answer RabbitmqIssuer::issue(const Context& context, const Place& place, const Settings& role,
                             const Credential& credential, WallTime) {
  return answer_of(issue_user(context, place, role, credential));
}

Answer RabbitmqIssuer::renew(const Context& context, const Place& place, std::string_view principal,
                             WallTime) {
  const auto renewed = [&]() -> Status {
    KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
    KW_TRY(RabbitmqApi api, target.administer(place, {}, context.deadline));
    KW_TRY(const auto there, api.user(principal));
    if (there) return ok();
    return error(Code::kNotFound, "principal_missing", "RabbitMQ has no such user any more");
  };
  return answer_of(renewed());
}

Answer RabbitmqIssuer::revoke(const Context& context, const Place& place, const Settings&,
                              std::string_view principal) {
  const auto revoked = [&]() -> Status {
    KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
    KW_TRY(RabbitmqApi api, target.administer(place, {}, context.deadline));
    return api.delete_user(principal);
  };
  return answer_of(revoked());
}

Result<std::vector<std::string>> RabbitmqIssuer::issued(const Context& context, const Place& place,
                                                        std::string_view prefix) {
  KW_TRY(const RabbitmqTarget target, RabbitmqTarget::read(place));
  KW_TRY(RabbitmqApi api, target.administer(place, {}, context.deadline));
  KW_TRY(std::vector<std::string> names, api.users());
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace kw::connectors
