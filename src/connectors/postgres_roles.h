// What is said to a PostgreSQL about its roles. Names are quoted, whatever is in them.
#pragma once

#include "connectors/postgres_session.h"

namespace kw::connectors {

struct LoginRole {
  std::string name, verifier;
  std::string owner;  ///< the role that it acts as; "": itself
  std::string model;  ///< the role whose settings it takes over; "": none
};

/// Makes the role or gives it a new password, in one transaction.
/// @errors as PostgresSession; kFailedPrecondition(role_is_privileged): one of that name is there
///   and may more than log in
Status put_login_role(PostgresSession& admin, const LoginRole& role);
/// @errors kNotFound(principal_missing)
Status set_verifier(PostgresSession& admin, const std::string& name, const std::string& verifier);
/// A role that is gone is shut. @param for_good  also takes its password
Status shut_role(PostgresSession& admin, const std::string& name, bool for_good);
/// @errors kNotFound(principal_missing)
Status reopen_role(PostgresSession& admin, const std::string& name);
Status end_role_sessions(PostgresSession& session, const std::string& name);
/// Adds the sessions of the role on this server.
Status count_role_sessions(PostgresSession& session, const std::string& name,
                           secrets::Drain& drain);
/// Those of the two names that can log in.
Result<std::int64_t> open_roles(PostgresSession& admin, const std::string& a, const std::string& b);

}  // namespace kw::connectors
