// The settings of a NATS target read: its server, and the files by which that knows its users.
#pragma once

#include "connectors/nats_login.h"
#include "connectors/nats_users.h"
#include "connectors/server_reload.h"

namespace kw::connectors {

struct NatsTarget {
  ServerAddress address, monitoring;
  bool monitored = false;
  CredentialFileTerms users_file, pid_file;
  std::string name, permissions, probe_subject;
  int hash_cost = 0;

  /// @errors kInvalidArgument(bad_setting)
  static Result<NatsTarget> read(const secrets::Place& place);
  /// A refusal counts when it is repeated: while the server reads its users again it refuses logins
  /// that are right.
  Result<std::unique_ptr<NatsLogin>> log_in(const secrets::Credential& credential,
                                            SteadyTime deadline) const;
  Status probe(const secrets::Credential& credential, SteadyTime deadline) const;
  /// The connections of the user, as the monitoring port says it.
  Result<std::vector<std::string>> connections(std::string_view user, SteadyTime deadline) const;
  /// Changes the file of users, and has the server read it. @param change  false: nothing to change
  Status edit(SteadyTime deadline, const std::function<Result<bool>(NatsUsers&)>& change) const;
};

std::span<const secrets::SettingRule> nats_system_rules();
std::span<const secrets::SettingRule> nats_account_rules();

}  // namespace kw::connectors
