// What connectors to servers with logins share: whether a credential works is seen by using it.
#pragma once

#include "secrets/connector.h"

namespace kw::connectors {

/// inspect and test by logging in. Thread-safe as its parts are.
class LoginConnector : public secrets::Connector {
 public:
  Result<secrets::Observed> inspect(const secrets::Context& context, const secrets::Place& place,
                                    std::span<const secrets::Credential* const> known) override;
  /// kNegative: a mutated secret must be refused where `log_in` is accepted.
  secrets::Answer test(const secrets::Context& context, const secrets::Place& place,
                       const secrets::Credential& credential, secrets::Probe probe) final;

 private:
  /// In and out again. @errors kUnauthenticated: refused; kUnavailable, kDeadlineExceeded: no
  /// answer
  virtual Status log_in(const secrets::Context& context, const secrets::Place& place,
                        const secrets::Credential& credential) const = 0;
  /// `probe` is kPositive or kPermission; a connector that cannot tell more than a login says that.
  virtual Status works(const secrets::Context& context, const secrets::Place& place,
                       const secrets::Credential& credential, secrets::Probe probe) const;
};

}  // namespace kw::connectors
