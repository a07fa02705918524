#include "connectors/postgres_issuer.h"

#include "connectors/outcome.h"
#include "connectors/postgres_link.h"
#include "connectors/postgres_roles.h"
#include "connectors/postgres_target.h"
#include "connectors/statement_template.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Context;
using secrets::Credential;
using secrets::Place;
using secrets::SettingRule;
using secrets::Settings;

namespace {

constexpr std::size_t kRoleNameMax = 63;  // PostgreSQL cuts longer names off without a word
constexpr SettingRule kRoleRules[] = {
    {"grants", "SQL statements that give rights; {{name}} stands for the quoted role", true, ""},
    {"heir", "role that gets what the user made; empty: it is dropped with the user", false, ""}};

Result<bool> exists(PostgresSession& admin, std::string_view name) {
  KW_TRY(const auto rows,
         admin.ask("SELECT 1 FROM pg_roles WHERE rolname = $1", PostgresParams().text(name)));
  return rows.size() == 1;
}

std::string until(WallTime expires) {
  return " VALID UNTIL " + PostgresSession::quoted_literal(rfc3339(expires));
}

Status issue_role(const Context& context, const Place& place, const Settings& role,
                  const Credential& credential, WallTime expires) {
  if (credential.principal.empty() || credential.principal.size() > kRoleNameMax)
    return bad_setting("the name of a role has 1 to 63 bytes");
  KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
  KW_TRY(const auto admin, target.administer(place, {}, context.deadline));
  KW_TRY(const std::string verifier, admin->verifier(credential.principal, credential.secret));
  const std::string name = quoted_identifier(credential.principal);
  KW_OK(admin->run("BEGIN"));
  KW_TRY(const bool there, exists(*admin, credential.principal));
  KW_OK(admin->run((there ? "ALTER ROLE " : "CREATE ROLE ") + name + " LOGIN PASSWORD " +
                   PostgresSession::quoted_literal(verifier) + until(expires)));
  KW_OK(admin->run(fill_statements(secrets::setting(role, kRoleRules, "grants"), name)));
  return admin->run("COMMIT");
}

// What a role owns or may is listed per database.
Result<std::vector<std::string>> databases_of(PostgresSession& admin, std::string_view name) {
  KW_TRY(const auto rows,
         admin.ask("SELECT DISTINCT d.datname FROM pg_shdepend s JOIN pg_database d ON d.oid = "
                   "s.dbid OR (s.dbid = 0 AND d.datname = current_database()) WHERE "
                   "s.refclassid = 'pg_authid'::regclass AND s.refobjid = (SELECT oid FROM "
                   "pg_roles WHERE rolname = $1)",
                   PostgresParams().text(name)));
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(rows.size()));
  for (int i = 0; i < rows.size(); ++i) names.emplace_back(rows.text(i, 0));
  return names;
}

// REASSIGN and DROP OWNED want membership in the role, which a superuser need not have.
Status take_back(PostgresSession& session, std::string_view principal, std::string_view heir) {
  const std::string name = quoted_identifier(principal);
  KW_TRY(const auto member, session.ask("SELECT pg_has_role(current_user, $1, 'USAGE')",
                                        PostgresParams().text(principal)));
  if (member.bytes(0, 0)[0] == 0) KW_OK(session.run("GRANT " + name + " TO CURRENT_USER"));
  if (!heir.empty())
    KW_OK(session.run("REASSIGN OWNED BY " + name + " TO " + quoted_identifier(heir)));
  return session.run("DROP OWNED BY " + name);
}

Status revoke_role(const Context& context, const Place& place, const Settings& role,
                   std::string_view principal) {
  KW_TRY(PostgresTarget target, PostgresTarget::read(place));
  const std::string name(principal);
  KW_TRY(const auto admin, target.administer(place, {}, context.deadline));
  KW_TRY(const bool there, exists(*admin, name));
  if (!there) return ok();
  KW_OK(shut_role(*admin, name, true));
  KW_OK(target.on_each(place, {}, context.deadline,
                       [&](PostgresSession& session) { return end_role_sessions(session, name); }));
  KW_TRY(const auto databases, databases_of(*admin, name));
  for (const std::string& database : databases) {
    target.database = database;
    KW_TRY(const auto there_too, target.administer(place, {}, context.deadline));
    KW_OK(take_back(*there_too, name, secrets::setting(role, kRoleRules, "heir")));
  }
  return admin->run("DROP ROLE IF EXISTS " + quoted_identifier(name));
}

}  // namespace

std::span<const SettingRule> PostgresIssuer::role_rules() const {
  return kRoleRules;
}

Answer PostgresIssuer::issue(const Context& context, const Place& place, const Settings& role,
                             const Credential& credential, WallTime expires) {
  return answer_of(issue_role(context, place, role, credential, expires));
}

Answer PostgresIssuer::renew(const Context& context, const Place& place, std::string_view principal,
                             WallTime expires) {
  const auto renewed = [&]() -> Status {
    KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
    KW_TRY(const auto admin, target.administer(place, {}, context.deadline));
    KW_TRY(const bool there, exists(*admin, principal));
    if (!there)
      return error(Code::kNotFound, "principal_missing", "PostgreSQL has no such role any more");
    return admin->run("ALTER ROLE " + quoted_identifier(principal) + until(expires));
  };
  return answer_of(renewed());
}

Answer PostgresIssuer::revoke(const Context& context, const Place& place, const Settings& role,
                              std::string_view principal) {
  return answer_of(revoke_role(context, place, role, principal));
}

Result<std::vector<std::string>> PostgresIssuer::issued(const Context& context, const Place& place,
                                                        std::string_view prefix) {
  KW_TRY(const PostgresTarget target, PostgresTarget::read(place));
  KW_TRY(const auto admin, target.administer(place, {}, context.deadline));
  KW_TRY(const auto rows,
         admin->ask("SELECT rolname::text FROM pg_roles WHERE starts_with(rolname, $1) ORDER BY 1",
                    PostgresParams().text(prefix)));
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(rows.size()));
  for (int i = 0; i < rows.size(); ++i) names.emplace_back(rows.text(i, 0));
  return names;
}

}  // namespace kw::connectors
