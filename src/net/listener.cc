#include "net/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace kw::net {

namespace {

constexpr int kBacklog = 4096;  // the kernel lowers it to net.core.somaxconn

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> parse_address(const std::string& text, std::uint16_t port) {
  Address address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    memcpy(&address.storage, &v4, sizeof v4);
    address.size = sizeof v4;
    return address;
  }
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    memcpy(&address.storage, &v6, sizeof v6);
    address.size = sizeof v6;
    return address;
  }
  return error(Code::kInvalidArgument, "bad_address", "listen on a literal IPv4 or IPv6 address");
}

bool set_option(int socket, int level, int option) {
  const int on = 1;
  return setsockopt(socket, level, option, &on, sizeof on) == 0;
}

Error bind_error(int code) {
  switch (code) {
    case EADDRINUSE:
      return error(Code::kUnavailable, "address_in_use",
                   "another process listens on this address and port");
    case EADDRNOTAVAIL:
      return error(Code::kInvalidArgument, "bad_address",
                   "this machine does not have the listen address");
    case EACCES:
      return error(Code::kPermissionDenied, "port_not_allowed",
                   "this user may not listen on this port");
    default:
      return error(Code::kUnavailable, "listen_failed", "the system refused the listening socket");
  }
}

Error local_error(int code) {
  if (code == EADDRINUSE)
    return error(Code::kUnavailable, "address_in_use", "another process listens on this socket");
  if (code == EACCES || code == EPERM)
    return error(Code::kPermissionDenied, "port_not_allowed",
                 "this user may not make the local socket there");
  return error(Code::kUnavailable, "listen_failed", "the system refused the local socket");
}

Result<sockaddr_un> local_address(const std::string& path) {
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return error(Code::kInvalidArgument, "bad_address",
                 "the path of a local socket has 1 to 107 bytes");
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// A socket file outlives its process. One that nobody answers on may go; anything else stays.
Status remove_abandoned(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return ok();
  if (!S_ISSOCK(found.st_mode))
    return error(Code::kInvalidArgument, "bad_address", "there is a file that is no socket");
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return local_error(errno);
  const bool answered =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(probe);
  if (answered) return local_error(EADDRINUSE);
  return unlink(path.c_str()) == 0 ? ok() : Status(local_error(errno));
}

Peer local_peer(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  Peer peer;
  peer.address = "local";
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    peer.process = PeerProcess{credentials.pid, credentials.uid, credentials.gid};
    // Limits count per user.
    memcpy(peer.key.data(), &credentials.uid, sizeof credentials.uid);
  }
  return peer;
}

bool is_exhaustion(int code) {
  return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

}  // namespace

Listener::Listener(Listener&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), port_(other.port_) {}

Listener::~Listener() {
  if (socket_ >= 0) close(socket_);
}

Result<Listener> Listener::open(const std::string& text, std::uint16_t port, Sharing sharing) {
  KW_TRY(Address address, parse_address(text, port));
  Listener listener(
      socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = listener.socket_;
  if (fd < 0 || !set_option(fd, SOL_SOCKET, SO_REUSEADDR)) return bind_error(errno);
  // The first binds alone, so that a second server on the port is noticed; only then it agrees to
  // share.
  if (sharing == Sharing::kFurther && !set_option(fd, SOL_SOCKET, SO_REUSEPORT))
    return bind_error(errno);
  auto* generic = reinterpret_cast<sockaddr*>(&address.storage);
  if (bind(fd, generic, address.size) != 0) return bind_error(errno);
  if (sharing == Sharing::kFirst && !set_option(fd, SOL_SOCKET, SO_REUSEPORT))
    return bind_error(errno);
  if (listen(fd, kBacklog) != 0) return bind_error(errno);
  if (getsockname(fd, generic, &address.size) != 0) return bind_error(errno);
  // The port is at the same place in sockaddr_in and sockaddr_in6.
  listener.port_ = ntohs(reinterpret_cast<const sockaddr_in*>(generic)->sin_port);
  return listener;
}

Result<Listener> Listener::open_local(const std::string& path, std::uint32_t mode) {
  KW_TRY(const sockaddr_un address, local_address(path));
  KW_OK(remove_abandoned(path, address));
  Listener listener(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = listener.socket_;
  if (fd < 0) return local_error(errno);
  // Nobody can connect between bind and chmod: it listens only after both.
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return local_error(errno);
  if (chmod(path.c_str(), mode & 0777) != 0 || listen(fd, kBacklog) != 0) return local_error(errno);
  return listener;
}

Listener::Accepted Listener::accept() {
  for (;;) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd =
        accept4(socket_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0 && from.ss_family == AF_UNIX)
      return {Accepted::Kind::kConnection, fd, local_peer(fd)};
    if (fd >= 0) {
      set_option(fd, IPPROTO_TCP, TCP_NODELAY);
      return {Accepted::Kind::kConnection, fd, peer_of(from)};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
    if (is_exhaustion(errno)) return {Accepted::Kind::kNoResources, -1, {}};
    // Anything else is about that one connection (accept(2): "treat them like EAGAIN by retrying").
    if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK) return {};
  }
}

}  // namespace kw::net
