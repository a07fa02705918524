#include "net/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace kw::net {

namespace {

struct Row {
  std::string_view range;
  AddressKind kind;
};

using enum AddressKind;

// The first row that holds an address decides; metadata before the range that it lies in.
constexpr Row kRowsV4[] = {
    {"169.254.169.254/32", kMetadata}, {"169.254.170.0/24", kMetadata},
    {"168.63.129.16/32", kMetadata},   {"100.100.100.200/32", kMetadata},
    {"192.0.0.192/32", kMetadata},     {"127.0.0.0/8", kLoopback},
    {"10.0.0.0/8", kPrivate},          {"172.16.0.0/12", kPrivate},
    {"192.168.0.0/16", kPrivate},      {"100.64.0.0/10", kPrivate},
    {"169.254.0.0/16", kLinkLocal},    {"224.0.0.0/4", kMulticast},
    {"0.0.0.0/8", kReserved},          {"192.0.0.0/24", kReserved},
    {"192.0.2.0/24", kReserved},       {"192.88.99.0/24", kTranslated},
    {"198.18.0.0/15", kReserved},      {"198.51.100.0/24", kReserved},
    {"203.0.113.0/24", kReserved},     {"240.0.0.0/4", kReserved},
};
constexpr Row kRowsV6[] = {
    {"fd00:ec2::254/128", kMetadata},
    {"fd20:ce::254/128", kMetadata},
    {"::1/128", kLoopback},
    {"::/128", kReserved},
    {"::ffff:0:0/96", kTranslated},
    {"::ffff:0:0:0/96", kTranslated},
    {"::/96", kTranslated},
    {"64:ff9b::/96", kTranslated},
    {"64:ff9b:1::/48", kTranslated},
    {"2002::/16", kTranslated},
    {"2001::/32", kTranslated},
    {"fc00::/7", kPrivate},
    {"fe80::/10", kLinkLocal},
    {"fec0::/10", kPrivate},
    {"ff00::/8", kMulticast},
    {"2001::/23", kReserved},
    {"2001:db8::/32", kReserved},
    {"3fff::/20", kReserved},
    {"2000::/3", kPublic},
};

struct Known {
  AddressRange range;
  AddressKind kind;
};

template <std::size_t N>
std::array<Known, N> parsed(const Row (&rows)[N]) {
  std::array<Known, N> all;
  for (std::size_t i = 0; i < N; ++i)
    all[i] = {AddressRange::parse(rows[i].range).value(), rows[i].kind};
  return all;
}

template <std::size_t N>
AddressKind first_of(const std::array<Known, N>& rows, const IpAddress& address,
                     AddressKind otherwise) {
  for (const Known& row : rows)
    if (row.range.holds(address)) return row.kind;
  return otherwise;
}

bool bit(const IpAddress& address, int index) {
  const std::uint8_t byte = address.bytes[static_cast<std::size_t>(index / 8)];
  return ((byte >> (7 - index % 8)) & 1) != 0;
}

}  // namespace

std::optional<IpAddress> IpAddress::of(const sockaddr* address) {
  IpAddress found;
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&v4->sin_addr);
    std::copy(bytes, bytes + 4, found.bytes.begin());
    return found;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  std::copy(std::begin(v6->sin6_addr.s6_addr), std::end(v6->sin6_addr.s6_addr),
            found.bytes.begin());
  found.v4 = false;
  return found;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string whole(text);
  if (whole.find('\0') != whole.npos) return std::nullopt;
  IpAddress found;
  if (inet_pton(AF_INET, whole.c_str(), found.bytes.data()) == 1) return found;
  found.v4 = false;
  if (inet_pton(AF_INET6, whole.c_str(), found.bytes.data()) == 1) return found;
  return std::nullopt;
}

std::string_view address_kind_name(AddressKind kind) {
  constexpr std::string_view kNames[] = {"public",   "loopback",   "private",   "link_local",
                                         "metadata", "translated", "multicast", "reserved"};
  return kNames[static_cast<std::size_t>(kind)];
}

AddressKind kind_of(const IpAddress& address) {
  static const auto v4 = parsed(kRowsV4);
  static const auto v6 = parsed(kRowsV6);
  return address.v4 ? first_of(v4, address, kPublic) : first_of(v6, address, kReserved);
}

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const Error bad = error(Code::kInvalidArgument, "bad_range",
                          "a range of addresses is ADDRESS or ADDRESS/BITS, with no bit behind");
  const std::size_t slash = text.find('/');
  const auto first = IpAddress::parse(text.substr(0, slash));
  if (!first) return bad;
  AddressRange range{*first, first->bits()};
  if (slash == text.npos) return range;
  const std::string_view digits = text.substr(slash + 1);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), range.prefix);
  const bool whole = !digits.empty() && digits.size() <= 3 && read.ec == std::errc() &&
                     read.ptr == digits.data() + digits.size() &&
                     (digits.size() == 1 || digits.front() != '0');
  if (!whole || range.prefix < 0 || range.prefix > first->bits()) return bad;
  for (int i = range.prefix; i < first->bits(); ++i)
    if (bit(*first, i)) return bad;
  return range;
}

bool AddressRange::holds(const IpAddress& address) const {
  if (address.v4 != first.v4) return false;
  for (int i = 0; i < prefix; ++i)
    if (bit(address, i) != bit(first, i)) return false;
  return true;
}

}  // namespace kw::net
