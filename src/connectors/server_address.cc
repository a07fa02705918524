#include "connectors/server_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

Result<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || port == 0)
    return bad_setting("a port is a number from 1 to 65535");
  return port;
}

Result<ServerAddress> checked(ServerAddress address) {
  if (!address.tls && !address.is_local())
    return bad_setting("tls=off is for servers on this machine: 127.0.0.1, ::1, localhost");
  return address;
}

}  // namespace

bool ServerAddress::is_local() const {
  in_addr four{};
  const bool loopback = inet_pton(AF_INET, host.c_str(), &four) == 1 && host.starts_with("127.");
  return loopback || host == "localhost" || host == "::1" || host.starts_with('/');
}

Result<ServerAddress> read_address(const secrets::Settings& settings,
                                   std::span<const secrets::SettingRule> rules) {
  ServerAddress address;
  address.host = secrets::setting(settings, rules, "host");
  KW_TRY(address.port, read_port(secrets::setting(settings, rules, "port")));
  const std::string_view tls = secrets::setting(settings, rules, "tls");
  if (tls != "verify" && tls != "off") return bad_setting("tls is verify or off");
  address.tls = tls == "verify";
  address.ca_file = secrets::setting(settings, rules, "ca_file");
  return checked(std::move(address));
}

Result<std::vector<ServerAddress>> read_addresses(std::string_view list,
                                                  const ServerAddress& first) {
  std::vector<ServerAddress> addresses;
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    const std::size_t colon = one.rfind(':');
    if (colon == std::string_view::npos || colon == 0)
      return bad_setting("a list of servers is host:port,host:port");
    ServerAddress address = first;
    const bool bracketed = one.starts_with('[') && one[colon - 1] == ']';
    address.host = bracketed ? one.substr(1, colon - 2) : one.substr(0, colon);
    KW_TRY(address.port, read_port(one.substr(colon + 1)));
    KW_TRY(address, checked(std::move(address)));
    addresses.push_back(std::move(address));
  }
  return addresses;
}

std::chrono::milliseconds left_until(SteadyTime deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

}  // namespace kw::connectors
