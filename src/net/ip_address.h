// Addresses of the Internet Protocol and what kind of place they lead to. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sockaddr;

namespace kw::net {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  ///< of version 4 only the first four
  bool v4 = true;

  /// Nothing for other families.
  static std::optional<IpAddress> of(const sockaddr* address);
  /// The one usual text form of each version; no zone, no shortened or octal version 4.
  static std::optional<IpAddress> parse(std::string_view text);
  int bits() const { return v4 ? 32 : 128; }
  bool operator==(const IpAddress&) const = default;
};

/// What an address leads to; everything but kPublic is no place of the public internet.
enum class AddressKind : std::uint8_t {
  kPublic,
  kLoopback,
  kPrivate,     ///< RFC 1918, RFC 4193, shared address space
  kLinkLocal,   ///< of one cable
  kMetadata,    ///< where clouds hand out credentials of the machine
  kTranslated,  ///< carries another address inside: mapped, NAT64, 6to4, Teredo
  kMulticast,
  kReserved,  ///< unspecified, documentation, benchmarks, not assigned
};
std::string_view address_kind_name(AddressKind kind);

/// @source IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6890, 4291, 6052, 6598
AddressKind kind_of(const IpAddress& address);

/// "10.0.0.0/8", "fd00::/8" or one address.
struct AddressRange {
  IpAddress first;
  int prefix = 0;

  /// @errors kInvalidArgument(bad_range): also when bits behind the prefix are set
  static Result<AddressRange> parse(std::string_view text);
  bool holds(const IpAddress& address) const;
  bool is_one_address() const { return prefix == first.bits(); }
};

}  // namespace kw::net
