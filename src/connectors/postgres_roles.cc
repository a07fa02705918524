#include "connectors/postgres_roles.h"

#include "connectors/postgres_link.h"

namespace kw::connectors {

namespace {

constexpr int kHoldersMax = 20;

Error missing() {
  return error(Code::kNotFound, "principal_missing", "PostgreSQL has no such role any more");
}

Result<bool> exists(PostgresSession& admin, const std::string& name) {
  KW_TRY(const auto rows,
         admin.ask("SELECT 1 FROM pg_roles WHERE rolname = $1", PostgresParams().text(name)));
  return rows.size() == 1;
}

// A name that somebody gave to a role with more rights must not be taken over for an application.
Result<bool> is_ours_to_change(PostgresSession& admin, const std::string& name) {
  KW_TRY(const auto rows,
         admin.ask("SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR "
                   "rolbypassrls FROM pg_roles WHERE rolname = $1",
                   PostgresParams().text(name)));
  if (rows.size() == 0) return false;
  if (rows.bytes(0, 0)[0] != 0)
    return error(Code::kFailedPrecondition, "role_is_privileged",
                 "a role of that name is there and may do more than log in");
  return true;
}

// set_config reads a value as it was stored, lists too; FROM CURRENT stores it again. The search
// path of others holds for no statement of ours that looks anything up.
Status copy_settings(PostgresSession& admin, const LoginRole& role) {
  KW_TRY(const auto rows,
         admin.ask("SELECT coalesce(d.datname, ''), split_part(s.line, '=', 1), "
                   "substr(s.line, strpos(s.line, '=') + 1) FROM (SELECT setdatabase, "
                   "unnest(setconfig) AS line FROM pg_db_role_setting WHERE setrole = "
                   "(SELECT oid FROM pg_roles WHERE rolname = $1)) s LEFT JOIN pg_database d "
                   "ON d.oid = s.setdatabase WHERE split_part(s.line, '=', 1) <> 'role'",
                   PostgresParams().text(role.model)));
  for (int i = 0; i < rows.size(); ++i) {
    const std::string database(rows.text(i, 0)), name(rows.text(i, 1));
    KW_OK(admin.ask("SELECT set_config($1, $2, true)",
                    PostgresParams().text(name).text(rows.text(i, 2))));
    KW_OK(admin.run("ALTER ROLE " + quoted_identifier(role.name) +
                    (database.empty() ? "" : " IN DATABASE " + quoted_identifier(database)) +
                    " SET " + quoted_identifier(name) +
                    " FROM CURRENT; SET LOCAL search_path = pg_catalog"));
  }
  return ok();
}

Status put_in_transaction(PostgresSession& admin, const LoginRole& role) {
  const std::string name = quoted_identifier(role.name);
  KW_TRY(const bool there, is_ours_to_change(admin, role.name));
  KW_OK(admin.run((there ? "ALTER ROLE " : "CREATE ROLE ") + name + " LOGIN PASSWORD " +
                  PostgresSession::quoted_literal(role.verifier) + " VALID UNTIL 'infinity'"));
  if (!role.model.empty() && role.model != role.name) KW_OK(copy_settings(admin, role));
  if (role.owner.empty()) return ok();
  return admin.run("GRANT " + quoted_identifier(role.owner) + " TO " + name + "; ALTER ROLE " +
                   name + " SET role = " + PostgresSession::quoted_literal(role.owner));
}

}  // namespace

// A failure leaves the transaction open: it ends with the session, which the caller drops.
Status put_login_role(PostgresSession& admin, const LoginRole& role) {
  KW_OK(admin.run("BEGIN"));
  KW_OK(put_in_transaction(admin, role));
  return admin.run("COMMIT");
}

Status set_verifier(PostgresSession& admin, const std::string& name, const std::string& verifier) {
  KW_TRY(const bool there, exists(admin, name));
  if (!there) return missing();
  return admin.run("ALTER ROLE " + quoted_identifier(name) + " PASSWORD " +
                   PostgresSession::quoted_literal(verifier));
}

Status shut_role(PostgresSession& admin, const std::string& name, bool for_good) {
  KW_TRY(const bool there, exists(admin, name));
  if (!there) return ok();
  return admin.run("ALTER ROLE " + quoted_identifier(name) + " NOLOGIN" +
                   (for_good ? " PASSWORD NULL" : ""));
}

Status reopen_role(PostgresSession& admin, const std::string& name) {
  KW_TRY(const bool there, exists(admin, name));
  if (!there) return missing();
  return admin.run("ALTER ROLE " + quoted_identifier(name) + " LOGIN");
}

Status end_role_sessions(PostgresSession& session, const std::string& name) {
  KW_OK(
      session.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = "
                  "$1 AND pid <> pg_backend_pid()",
                  PostgresParams().text(name)));
  return ok();
}

Status count_role_sessions(PostgresSession& session, const std::string& name,
                           secrets::Drain& drain) {
  KW_TRY(const auto rows,
         session.ask("SELECT coalesce(host(client_addr), 'local') || ' ' || "
                     "coalesce(application_name, '') FROM pg_stat_activity WHERE usename = $1 AND "
                     "pid <> pg_backend_pid() ORDER BY backend_start",
                     PostgresParams().text(name)));
  drain.in_use += rows.size();
  for (int i = 0; i < rows.size() && drain.holders.size() < kHoldersMax; ++i)
    drain.holders.emplace_back(rows.text(i, 0));
  return ok();
}

Result<std::int64_t> open_roles(PostgresSession& admin, const std::string& a,
                                const std::string& b) {
  KW_TRY(const auto rows,
         admin.ask("SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolname IN ($1, $2)",
                   PostgresParams().text(a).text(b)));
  return rows.integer(0, 0);
}

}  // namespace kw::connectors
