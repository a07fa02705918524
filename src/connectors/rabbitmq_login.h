// A login to a RabbitMQ as applications do it: AMQP 0-9-1. Used by one thread.
#pragma once

#include <memory>
#include <string>

#include "connectors/server_address.h"

struct amqp_connection_state_t_;

namespace kw::connectors {

class RabbitmqLogin {
 public:
  /// Opens the virtual host and a channel.
  /// @errors kUnauthenticated(credential_refused), kUnavailable(target_unreachable),
  ///   kDeadlineExceeded(target_slow), kFailedPrecondition(target_permission | target_refused …)
  static Result<std::unique_ptr<RabbitmqLogin>> open(const ServerAddress& address,
                                                     const std::string& vhost,
                                                     const secrets::Credential& credential,
                                                     SteadyTime deadline);
  ~RabbitmqLogin();
  RabbitmqLogin(const RabbitmqLogin&) = delete;
  RabbitmqLogin& operator=(const RabbitmqLogin&) = delete;

  /// Asks whether a queue is there, which needs a right on it. "": asks for a standard exchange.
  Status declare_passive(const std::string& queue);

 private:
  explicit RabbitmqLogin(SteadyTime deadline);
  Status connect(const ServerAddress& address);
  Status log_in(const std::string& vhost, const secrets::Credential& credential);

  amqp_connection_state_t_* connection_;
  SteadyTime deadline_;
  bool open_ = false;
};

}  // namespace kw::connectors
