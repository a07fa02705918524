// A login to a NATS server as clients do it, in its text protocol. Used by one thread.
// Source: NATS documentation, "Client protocol".
#pragma once

#include <memory>
#include <string>

#include "connectors/wire.h"

namespace kw::connectors {

class NatsLogin {
 public:
  /// CONNECT and PING. @errors kUnauthenticated(credential_refused) and those of Wire;
  ///   kFailedPrecondition(target_refused | no_tls)
  static Result<std::unique_ptr<NatsLogin>> open(const ServerAddress& address,
                                                 const secrets::Credential& credential,
                                                 SteadyTime deadline);
  Status ping();
  /// Whether it may subscribe to the subject. @errors kFailedPrecondition(permission_missing)
  Status subscribe(std::string_view subject);

 private:
  explicit NatsLogin(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}
  Status greet(const ServerAddress& address, const secrets::Credential& credential);
  Status pong();
  std::unique_ptr<Wire> wire_;
};

}  // namespace kw::connectors
