#include "connectors/mariadb_issuer.h"

#include "connectors/mariadb_target.h"
#include "connectors/outcome.h"
#include "connectors/statement_template.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Context;
using secrets::Credential;
using secrets::Place;
using secrets::SettingRule;
using secrets::Settings;

namespace {

constexpr std::size_t kUserNameMax = 80;
constexpr SettingRule kRoleRules[] = {
    {"grants", "SQL statements that give rights; {{name}} stands for the quoted user@host", true,
     ""}};

// Statements that define accounts commit by themselves: a repeat goes over all of them again.
Status issue_account(const Context& context, const Place& place, const Settings& role,
                     const Credential& credential) {
  if (credential.principal.empty() || credential.principal.size() > kUserNameMax)
    return bad_setting("the name of a user has 1 to 80 bytes");
  KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
  KW_TRY(const auto admin, target.administer(place, {}, context.deadline, true));
  const std::string account = mariadb_account(credential.principal, target.host);
  KW_OK(admin->run("CREATE USER IF NOT EXISTS " + account +
                   " IDENTIFIED VIA mysql_native_password USING 'invalid'"));
  KW_OK(admin->run(fill_statements(secrets::setting(role, kRoleRules, "grants"), account)));
  return set_login_methods(*admin, target.account_of(credential), {native_method(credential)});
}

Status revoke_account(const Context& context, const Place& place, std::string_view principal) {
  KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
  KW_TRY(const auto admin, target.administer(place, {}, context.deadline));
  const std::string user(principal);
  KW_OK(lock_account(*admin, {user, target.host}, true));
  KW_OK(end_sessions(*admin, user));
  return admin->run("DROP USER IF EXISTS " + mariadb_account(user, target.host));
}

}  // namespace

std::span<const SettingRule> MariadbIssuer::role_rules() const {
  return kRoleRules;
}

Answer MariadbIssuer::issue(const Context& context, const Place& place, const Settings& role,
                            const Credential& credential, WallTime) {
  return answer_of(issue_account(context, place, role, credential));
}

Answer MariadbIssuer::renew(const Context& context, const Place& place, std::string_view principal,
                            WallTime) {
  const auto renewed = [&]() -> Status {
    KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
    KW_TRY(const auto admin, target.administer(place, {}, context.deadline));
    KW_TRY(const auto methods, login_methods(*admin, {std::string(principal), target.host}));
    if (methods) return ok();
    return error(Code::kNotFound, "principal_missing", "MariaDB has no such account any more");
  };
  return answer_of(renewed());
}

Answer MariadbIssuer::revoke(const Context& context, const Place& place, const Settings&,
                             std::string_view principal) {
  return answer_of(revoke_account(context, place, principal));
}

Result<std::vector<std::string>> MariadbIssuer::issued(const Context& context, const Place& place,
                                                       std::string_view prefix) {
  KW_TRY(const MariadbTarget target, MariadbTarget::read(place));
  KW_TRY(const auto admin, target.administer(place, {}, context.deadline));
  KW_TRY(const auto rows,
         admin->ask("SELECT User FROM mysql.global_priv WHERE LEFT(User, CHAR_LENGTH(" +
                    mariadb_text(prefix) + ")) = " + mariadb_text(prefix) +
                    " AND Host = " + mariadb_text(target.host) + " ORDER BY User"));
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const auto& row : rows) names.push_back(row[0]);
  return names;
}

}  // namespace kw::connectors
