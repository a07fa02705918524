#include "connectors/mariadb_accounts.h"

#include "codec/json.h"
#include "connectors/outcome.h"
#include "crypto/password_verifier.h"

namespace kw::connectors {

namespace {

constexpr std::size_t kHoldersMax = 20;

std::string where(const MariadbAccount& account) {
  return " WHERE User = " + mariadb_text(account.user) +
         " AND Host = " + mariadb_text(account.host);
}

LoginMethod method_of(const codec::JsonView& entry) {
  const auto text = [&](std::string_view name) {
    const auto value = entry.find(name);
    const auto read = value ? value->text() : Result<std::string_view>("");
    return std::string(read ? *read : "");
  };
  return {text("plugin"), text("authentication_string")};
}

}  // namespace

// {"plugin": p, "authentication_string": s, "auth_or": [{…}, {}]}: the empty entry stands for the
// outer one.
Result<std::vector<LoginMethod>> read_methods(std::string_view json) {
  const auto document = codec::JsonDocument::parse(json);
  if (!document)
    return error(Code::kFailedPrecondition, "target_refused",
                 "the account's row in mysql.global_priv cannot be read");
  const LoginMethod outer = method_of(document->root());
  const auto others = document->root().find("auth_or");
  if (!others) return std::vector<LoginMethod>{outer};
  std::vector<LoginMethod> methods;
  for (const codec::JsonView& entry : others->elements())
    methods.push_back(entry.members().empty() ? outer : method_of(entry));
  return methods;
}

Result<std::optional<std::vector<LoginMethod>>> login_methods(MariadbSession& admin,
                                                              const MariadbAccount& account) {
  KW_TRY(const auto rows, admin.ask("SELECT Priv FROM mysql.global_priv" + where(account)));
  if (rows.empty()) return std::optional<std::vector<LoginMethod>>();
  KW_TRY(auto methods, read_methods(rows[0][0]));
  return std::optional(std::move(methods));
}

Status set_login_methods(MariadbSession& admin, const MariadbAccount& account,
                         const std::vector<LoginMethod>& methods) {
  std::string via;
  for (const LoginMethod& method : methods) {
    via += (via.empty() ? "" : " OR ") + mariadb_identifier(method.plugin);
    if (method.text.empty()) continue;
    // The grammar wants a plain literal here. A verifier has no quotes or backslashes.
    if (method.text.find_first_of("'\\") != std::string::npos)
      return error(Code::kFailedPrecondition, "foreign_login_method",
                   "a login method of the account cannot be written again");
    via += " USING '" + method.text + "'";
  }
  return admin.run("ALTER USER " + mariadb_account(account.user, account.host) +
                   " IDENTIFIED VIA " + via);
}

LoginMethod native_method(const secrets::Credential& credential) {
  return {"mysql_native_password", crypto::mysql_native_verifier(credential.secret)};
}

LoginMethod no_method() {
  return {"mysql_native_password", "invalid"};
}

Status lock_account(MariadbSession& admin, const MariadbAccount& account, bool lock) {
  KW_TRY(const auto methods, login_methods(admin, account));
  if (!methods && lock) return ok();
  if (!methods)
    return error(Code::kNotFound, "principal_missing", "MariaDB has no such account any more");
  return admin.run("ALTER USER " + mariadb_account(account.user, account.host) + " ACCOUNT " +
                   (lock ? "LOCK" : "UNLOCK"));
}

Status end_sessions(MariadbSession& admin, const std::string& user) {
  KW_TRY(const auto rows, admin.ask("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = " +
                                    mariadb_text(user) + " AND ID <> CONNECTION_ID()"));
  for (const auto& row : rows) {
    Status killed = admin.run("KILL CONNECTION " + row[0]);
    // It may have ended by itself: error 1094 is "unknown thread".
    if (!killed && killed.error().reason != "target_refused") return killed;
  }
  return ok();
}

Status count_sessions(MariadbSession& admin, const std::string& user, secrets::Drain& drain) {
  KW_TRY(const auto rows,
         admin.ask("SELECT HOST FROM information_schema.PROCESSLIST WHERE USER = " +
                   mariadb_text(user) + " AND ID <> CONNECTION_ID()"));
  drain.in_use += static_cast<std::int64_t>(rows.size());
  for (const auto& row : rows)
    if (drain.holders.size() < kHoldersMax) drain.holders.push_back(row[0]);
  return ok();
}

}  // namespace kw::connectors
