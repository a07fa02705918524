#include "connectors/redis_issuer.h"

#include <algorithm>

#include "connectors/outcome.h"
#include "connectors/redis_acl.h"
#include "connectors/redis_target.h"
#include "crypto/password_verifier.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Context;
using secrets::Credential;
using secrets::Place;
using secrets::SettingRule;
using secrets::Settings;

namespace {

constexpr SettingRule kRoleRules[] = {
    {"rules", "ACL rules of the user, as in \"~app:* +@read\"", true, ""}};

}  // namespace

std::span<const SettingRule> RedisIssuer::role_rules() const {
  return kRoleRules;
}

Answer RedisIssuer::issue(const Context& context, const Place& place, const Settings& role,
                          const Credential& credential, WallTime) {
  const auto issued = [&]() -> Status {
    KW_TRY(const RedisTarget target, RedisTarget::read(place));
    KW_TRY(const auto rules, acl_rules(secrets::setting(role, kRoleRules, "rules")));
    std::vector<std::string> changes{"reset", "on",
                                     "#" + crypto::sha256_verifier(credential.secret)};
    changes.insert(changes.end(), rules.begin(), rules.end());
    return target.on_each(place, {}, context.deadline, [&](RedisSession& admin) -> Status {
      KW_OK(is_persistent(admin));
      KW_OK(set_user(admin, credential.principal, changes));
      return persist(admin);
    });
  };
  return answer_of(issued());
}

Answer RedisIssuer::renew(const Context& context, const Place& place, std::string_view principal,
                          WallTime) {
  const auto renewed = [&]() -> Status {
    KW_TRY(const RedisTarget target, RedisTarget::read(place));
    return target.on_each(place, {}, context.deadline, [&](RedisSession& admin) -> Status {
      KW_TRY(const bool there, has_user(admin, principal));
      if (there) return ok();
      return error(Code::kNotFound, "principal_missing", "Redis has no such user any more");
    });
  };
  return answer_of(renewed());
}

Answer RedisIssuer::revoke(const Context& context, const Place& place, const Settings&,
                           std::string_view principal) {
  const auto revoked = [&]() -> Status {
    KW_TRY(const RedisTarget target, RedisTarget::read(place));
    return target.on_each(place, {}, context.deadline, [&](RedisSession& admin) -> Status {
      KW_OK(drop_user(admin, principal));
      return persist(admin);
    });
  };
  return answer_of(revoked());
}

Result<std::vector<std::string>> RedisIssuer::issued(const Context& context, const Place& place,
                                                     std::string_view prefix) {
  KW_TRY(const RedisTarget target, RedisTarget::read(place));
  std::vector<std::string> names;
  KW_OK(target.on_each(place, {}, context.deadline, [&](RedisSession& admin) -> Status {
    KW_TRY(const RedisReply users, admin.ask({"ACL", "USERS"}));
    for (const RedisReply& user : users.list)
      if (user.text.starts_with(prefix)) names.push_back(user.text);
    return ok();
  }));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace kw::connectors
