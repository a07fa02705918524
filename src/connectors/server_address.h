// Where a server is and how it is spoken to: the settings that all connectors to servers share.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "secrets/connector.h"

namespace kw::connectors {

/// Rules of the shared settings, for the system_rules() of a connector.
inline constexpr secrets::SettingRule kHostRule{"host", "name or address of the server", true, ""};
inline constexpr secrets::SettingRule kTlsRule{
    "tls", "verify (certificate and name), or off on this machine only", false, "verify"};
inline constexpr secrets::SettingRule kCaFileRule{
    "ca_file", "PEM file of the authority to trust; empty: the system's", false, ""};

struct ServerAddress {
  std::string host;
  std::uint16_t port = 0;
  bool tls = true;
  std::string ca_file;
  bool is_local() const;  ///< loopback or the path of a socket
};

/// @errors kInvalidArgument(bad_setting): a port out of range, or tls=off beyond this machine
Result<ServerAddress> read_address(const secrets::Settings& settings,
                                   std::span<const secrets::SettingRule> rules);
/// "host:port,host:port"; the rest as in `first`. @errors as read_address
Result<std::vector<ServerAddress>> read_addresses(std::string_view list,
                                                  const ServerAddress& first);

/// What is left until then; zero when it is over.
std::chrono::milliseconds left_until(SteadyTime deadline);

}  // namespace kw::connectors
