#include "connectors/tcp_proxy_for_tests.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/check.h"

namespace kw::connectors {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool send_all(int to, const char* bytes, ssize_t size) {
  for (ssize_t done = 0; done < size;) {
    const ssize_t sent =
        send(to, bytes + done, static_cast<std::size_t>(size - done), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    done += sent;
  }
  return true;
}

using Buffer = std::array<char, 65536>;

}  // namespace

TcpProxy::TcpProxy(const std::vector<std::uint16_t>& targets) {
  for (const std::uint16_t target : targets) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    KW_CHECK(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
    KW_CHECK(listen(listener, 64) == 0);
    KW_CHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    listeners_.push_back({target, ntohs(address.sin_port), listener});
  }
  KW_CHECK(pipe(wake_) == 0);
  thread_ = std::thread([this] { serve(); });
}

TcpProxy::~TcpProxy() {
  ended_ = true;
  KW_CHECK(write(wake_[1], "x", 1) == 1);
  thread_.join();
  for (const Pair& pair : pairs_) {
    close(pair.client);
    close(pair.server);
  }
  for (const Listener& each : listeners_) close(each.socket);
  for (const int each : wake_) close(each);
}

std::vector<std::uint16_t> TcpProxy::ports() const {
  std::vector<std::uint16_t> all;
  for (const Listener& each : listeners_) all.push_back(each.port);
  return all;
}

void TcpProxy::arm(Fault fault, int request) {
  const std::lock_guard held(lock_);
  fault_ = fault;
  requests_left_ = request;
  fired_ = false;
}

void TcpProxy::accept_one(const Listener& listener) {
  const int client = accept4(listener.socket, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const bool dead = fired_ && fault_ != Fault::kStall;
  const int server = dead ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(listener.target);
  if (dead || connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(client);
    if (server >= 0) close(server);
    return;
  }
  const int on = 1;
  for (const int each : {client, server})
    setsockopt(each, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  pairs_.push_back({client, server});
}

// False: the pair is over.
bool TcpProxy::pass_request(Pair& pair) {
  Buffer bytes;
  const ssize_t got = recv(pair.client, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  if (fault_ != Fault::kNone && (fired_ || requests_left_-- == 0)) {
    fired_ = true;
    if (fault_ == Fault::kCutBefore) return false;
    if (fault_ == Fault::kStall) return true;
    pair.reply_lost = true;
  }
  return send_all(pair.server, bytes.data(), got);
}

bool TcpProxy::pass_reply(Pair& pair) {
  Buffer bytes;
  const ssize_t got = recv(pair.server, bytes.data(), bytes.size(), 0);
  if (got <= 0 || pair.reply_lost) return false;
  if (fired_ && fault_ == Fault::kStall) return true;
  return send_all(pair.client, bytes.data(), got);
}

void TcpProxy::serve() {
  while (!ended_) {
    std::vector<pollfd> watched{{wake_[0], POLLIN, 0}};
    for (const Listener& each : listeners_) watched.push_back({each.socket, POLLIN, 0});
    const std::size_t first = watched.size();
    for (const Pair& pair : pairs_) {
      watched.push_back({pair.client, POLLIN, 0});
      watched.push_back({pair.server, POLLIN, 0});
    }
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    const std::lock_guard held(lock_);
    std::vector<Pair> kept;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      Pair& pair = pairs_[i];
      const bool from_client = (watched[first + 2 * i].revents) != 0;
      const bool from_server = (watched[first + 1 + 2 * i].revents) != 0;
      const bool goes_on =
          (!from_server || pass_reply(pair)) && (!from_client || pass_request(pair));
      if (goes_on) {
        kept.push_back(pair);
      } else {
        close(pair.client);
        close(pair.server);
      }
    }
    pairs_ = std::move(kept);
    for (std::size_t i = 0; i < listeners_.size(); ++i)
      if ((watched[1 + i].revents & POLLIN) != 0) accept_one(listeners_[i]);
  }
}

}  // namespace kw::connectors
