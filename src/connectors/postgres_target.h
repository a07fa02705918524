// The settings of a PostgreSQL target read, and logins by them.
#pragma once

#include "connectors/postgres_session.h"

namespace kw::connectors {

struct PostgresTarget {
  ServerAddress primary;
  std::vector<ServerAddress> replicas;
  std::string database;      ///< of the administrator
  std::string own_database;  ///< where the account logs in
  std::string name, owner, probe_schema;
  bool swap = false;

  /// @errors kInvalidArgument(bad_setting)
  static Result<PostgresTarget> read(const secrets::Place& place);

  /// As the account. @errors as PostgresSession::open
  Result<std::unique_ptr<PostgresSession>> log_in(const ServerAddress& where,
                                                  const secrets::Credential& credential,
                                                  SteadyTime deadline) const;
  Status probe(const ServerAddress& where, const secrets::Credential& credential,
               SteadyTime deadline) const;
  /// As the administrator; without one as the first of `selves` (may hold nullptr) that is let in.
  /// @errors those of open, but kUnauthenticated(admin_refused)
  Result<std::unique_ptr<PostgresSession>> administer(
      const secrets::Place& place, std::initializer_list<const secrets::Credential*> selves,
      SteadyTime deadline) const;
  /// On the primary and then on every replica.
  Status on_each(const secrets::Place& place,
                 std::initializer_list<const secrets::Credential*> selves, SteadyTime deadline,
                 const std::function<Status(PostgresSession&)>& work) const;
};

std::span<const secrets::SettingRule> postgres_system_rules();
std::span<const secrets::SettingRule> postgres_account_rules();

}  // namespace kw::connectors
