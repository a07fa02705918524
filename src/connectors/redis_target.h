// The settings of a Redis target read, and logins by them.
#pragma once

#include <functional>

#include "connectors/redis_session.h"

namespace kw::connectors {

struct RedisTarget {
  std::vector<ServerAddress> nodes;  ///< the first is `host`; ACLs are not replicated
  std::string name, probe;
  std::vector<std::string> rules;
  bool dual = false;

  /// @errors kInvalidArgument(bad_setting)
  static Result<RedisTarget> read(const secrets::Place& place);
  /// The credential is accepted by every node.
  Status probe_login(const secrets::Credential& credential, SteadyTime deadline) const;
  /// As the administrator on each node in turn; without one as the first of `selves` that is let
  /// in.
  Status on_each(const secrets::Place& place,
                 std::initializer_list<const secrets::Credential*> selves, SteadyTime deadline,
                 const std::function<Status(RedisSession&)>& work) const;
};

std::span<const secrets::SettingRule> redis_system_rules();
std::span<const secrets::SettingRule> redis_account_rules();

}  // namespace kw::connectors
