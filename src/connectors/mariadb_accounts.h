// What is said to a MariaDB about its accounts.
#pragma once

#include <optional>

#include "connectors/mariadb_session.h"

namespace kw::connectors {

/// A way to log in to an account: `plugin` USING `text`.
struct LoginMethod {
  std::string plugin, text;
  bool operator==(const LoginMethod&) const = default;
};

struct MariadbAccount {
  std::string user, host;
};

/// In the order of the server; nothing: there is no such account. Reads mysql.global_priv.
Result<std::optional<std::vector<LoginMethod>>> login_methods(MariadbSession& admin,
                                                              const MariadbAccount& account);
/// Replaces all methods in one statement. SET PASSWORD would replace the first one only.
Status set_login_methods(MariadbSession& admin, const MariadbAccount& account,
                         const std::vector<LoginMethod>& methods);
/// mysql_native_password with the verifier of the value.
LoginMethod native_method(const secrets::Credential& credential);
/// What nobody can log in by.
LoginMethod no_method();

/// An account that is gone is locked. Missing when unlocking: kNotFound(principal_missing)
Status lock_account(MariadbSession& admin, const MariadbAccount& account, bool lock);
Status end_sessions(MariadbSession& admin, const std::string& user);
Status count_sessions(MariadbSession& admin, const std::string& user, secrets::Drain& drain);

/// One entry of the column Priv of mysql.global_priv.
Result<std::vector<LoginMethod>> read_methods(std::string_view json);

}  // namespace kw::connectors
