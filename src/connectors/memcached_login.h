// A login to a memcached with an authentication file (-Y), in its text protocol: the first "set" of
// a connection carries user and password. Used by one thread.
// Source: memcached, doc/protocol.txt, "Authentication".
#pragma once

#include <memory>

#include "connectors/wire.h"

namespace kw::connectors {

class MemcachedLogin {
 public:
  /// A server that asks for no login takes everybody: ok, and nothing was sent to it, which would
  /// store the password as a value.
  /// @errors kUnauthenticated(credential_refused) and those of Wire
  static Result<std::unique_ptr<MemcachedLogin>> open(const ServerAddress& address,
                                                      const secrets::Credential& credential,
                                                      SteadyTime deadline);
  /// Whether the connection may ask anything.
  Status ping();

 private:
  explicit MemcachedLogin(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}
  Status log_in(const secrets::Credential& credential);
  std::unique_ptr<Wire> wire_;
};

}  // namespace kw::connectors
