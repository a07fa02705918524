// The settings of a RabbitMQ target read, and logins by them.
#pragma once

#include "connectors/rabbitmq_api.h"
#include "connectors/rabbitmq_login.h"

namespace kw::connectors {

struct RabbitmqTarget {
  ServerAddress amqp, management;
  std::string name, vhost, tags, probe_queue;
  std::optional<RabbitmqPermission> permission;  ///< nothing: as the old user

  /// @errors kInvalidArgument(bad_setting)
  static Result<RabbitmqTarget> read(const secrets::Place& place);
  Status probe_login(const secrets::Credential& credential, SteadyTime deadline) const;
  /// As the administrator; without one as the first of `selves` that is let in.
  Result<RabbitmqApi> administer(const secrets::Place& place,
                                 std::initializer_list<const secrets::Credential*> selves,
                                 SteadyTime deadline) const;
};

/// What RabbitMQ stores for the value.
RabbitmqUser rabbitmq_user_of(const secrets::Credential& credential, std::string tags);

std::span<const secrets::SettingRule> rabbitmq_system_rules();
std::span<const secrets::SettingRule> rabbitmq_account_rules();

}  // namespace kw::connectors
