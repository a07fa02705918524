// Where calls that leave for places of others' choice may go: webhooks, third-party APIs. The gate
// looks at the address that a socket is about to be connected to, after the name was resolved: a
// name that changes its answer in between gains nothing.
//
//   KW_TRY(const EgressUrl url, split_url(text));
//   KW_TRY(HttpClient client, HttpClient::create(egress_options(rules, url)));
//   client.send({.path = url.path});
//
// https only; http only to loopback addresses and only where the configuration says so. No
// redirects, no proxies, a bounded answer. Source: CWE-918.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/ip_address.h"

namespace kw::net {

struct ClientOptions;

/// From the server's configuration. Nothing but the public internet is permitted by default.
struct EgressRules {
  bool loopback = false;                ///< for tests and development: this machine, also by http
  std::vector<AddressRange> allowed{};  ///< private networks that are meant

  /// An address where clouds give out credentials needs a range of just that address.
  bool permits(const IpAddress& address) const;
};

struct EgressUrl {
  std::string base;  ///< "https://host:port"
  std::string path;  ///< "/…" with its query
};

inline constexpr std::size_t kEgressAnswerMax = 1 << 20;

/// @errors kInvalidArgument(bad_url | insecure_url): no https (or http to a loopback address), has
///   user information or a fragment, or a character that two readers could take differently
Result<EgressUrl> split_url(std::string_view text);
/// How a client for that place is made: gate, bounds, no proxy.
ClientOptions egress_options(const EgressRules& rules, const EgressUrl& url,
                             std::chrono::milliseconds timeout);

}  // namespace kw::net
