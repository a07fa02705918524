// How many connections there are, in total and from each address.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "net/http_server.h"

struct sockaddr_storage;

namespace kw::net {

/// Where a connection comes from, as far as limits care: an IPv4 address, or the /64 network of an
/// IPv6 address (one host owns all of its /64).
using PeerKey = std::array<std::uint8_t, 16>;

struct Peer {
  PeerKey key{};
  std::string address;  ///< as text; IPv4-mapped IPv6 addresses are shown as IPv4
  std::optional<PeerProcess> process;  ///< of a local socket
};
Peer peer_of(const sockaddr_storage& address);

/// Counts connections. Thread-safe.
class PeerLimits {
 public:
  PeerLimits(std::size_t total_max, std::size_t per_peer_max)
      : total_max_(total_max), per_peer_max_(per_peer_max) {}

  /// Takes a place, or counts a refusal. Each true is paid back with release().
  bool admit(const PeerKey& peer);
  void release(const PeerKey& peer);
  std::size_t connections() const { return total_.load(std::memory_order_relaxed); }
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  const std::size_t total_max_;
  const std::size_t per_peer_max_;
  std::atomic<std::size_t> total_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::mutex mutex_;
  // Ordered: an attacker who chooses addresses cannot make it slow.
  std::map<PeerKey, std::size_t> per_peer_;
};

}  // namespace kw::net
