// Short-lived accounts of a MariaDB.
#pragma once

#include "secrets/connector.h"

namespace kw::connectors {

/// MariaDB ends no account at a time of day: the lease does.
class MariadbIssuer final : public secrets::Issuer {
 public:
  std::span<const secrets::SettingRule> role_rules() const override;
  secrets::Answer issue(const secrets::Context& context, const secrets::Place& place,
                        const secrets::Settings& role, const secrets::Credential& credential,
                        WallTime expires) override;
  secrets::Answer renew(const secrets::Context& context, const secrets::Place& place,
                        std::string_view principal, WallTime expires) override;
  secrets::Answer revoke(const secrets::Context& context, const secrets::Place& place,
                         const secrets::Settings& role, std::string_view principal) override;
  Result<std::vector<std::string>> issued(const secrets::Context& context,
                                          const secrets::Place& place,
                                          std::string_view prefix) override;
};

}  // namespace kw::connectors
