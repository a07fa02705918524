#include "net/peer_limits.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace kw::net {

namespace {

constexpr std::size_t kNetworkBytes = 8;

Peer peer_of_v4(const in_addr& address) {
  Peer peer;
  peer.key[10] = peer.key[11] = 0xFF;  // RFC 4291 section 2.5.5.2
  memcpy(peer.key.data() + 12, &address, 4);
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &address, text, sizeof text);
  peer.address = text;
  return peer;
}

}  // namespace

Peer peer_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    memcpy(&v4, &address, sizeof v4);
    return peer_of_v4(v4.sin_addr);
  }
  sockaddr_in6 v6{};
  memcpy(&v6, &address, sizeof v6);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    in_addr v4{};
    memcpy(&v4, v6.sin6_addr.s6_addr + 12, sizeof v4);
    return peer_of_v4(v4);
  }
  Peer peer;
  memcpy(peer.key.data(), v6.sin6_addr.s6_addr, kNetworkBytes);
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  peer.address = text;
  return peer;
}

bool PeerLimits::admit(const PeerKey& peer) {
  std::lock_guard lock(mutex_);
  if (total_.load(std::memory_order_relaxed) < total_max_) {
    std::size_t& count = per_peer_[peer];
    if (count < per_peer_max_) {
      ++count;
      total_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    if (count == 0) per_peer_.erase(peer);
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void PeerLimits::release(const PeerKey& peer) {
  std::lock_guard lock(mutex_);
  const auto found = per_peer_.find(peer);
  KW_CHECK(found != per_peer_.end());
  if (--found->second == 0) per_peer_.erase(found);
  total_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace kw::net
