// The settings of a MariaDB target read, and logins by them.
#pragma once

#include "connectors/mariadb_accounts.h"

namespace kw::connectors {

struct MariadbTarget {
  ServerAddress primary;
  std::vector<ServerAddress> replicas;
  std::string name, host, role, database, probe;
  bool alternate = false;

  /// @errors kInvalidArgument(bad_setting)
  static Result<MariadbTarget> read(const secrets::Place& place);
  MariadbAccount account_of(const secrets::Credential& credential) const {
    return {credential.principal, host};
  }
  Status probe_login(const ServerAddress& where, const secrets::Credential& credential,
                     SteadyTime deadline) const;
  Result<std::unique_ptr<MariadbSession>> administer(
      const secrets::Place& place, std::initializer_list<const secrets::Credential*> selves,
      SteadyTime deadline, bool several = false) const;
};

std::span<const secrets::SettingRule> mariadb_system_rules();
std::span<const secrets::SettingRule> mariadb_account_rules();

}  // namespace kw::connectors
