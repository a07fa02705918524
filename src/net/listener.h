// A listening TCP or local socket of one event loop.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "net/peer_limits.h"

namespace kw::net {

/// Several listeners share a port (SO_REUSEPORT), one per loop; the kernel spreads connections over
/// them. Not thread-safe.
class Listener {
 public:
  enum class Sharing { kFirst, kFurther };

  /// @param port     0 lets the kernel choose.
  /// @param sharing  kFirst fails when anything else listens there; kFurther joins the first.
  /// @errors kInvalidArgument(bad_address): not a literal IPv4 or IPv6 address of this machine.
  ///   kUnavailable(address_in_use). kPermissionDenied(port_not_allowed).
  ///   kUnavailable(listen_failed).
  static Result<Listener> open(const std::string& address, std::uint16_t port, Sharing sharing);
  /// A local socket at `path`. What nobody listens on is replaced; the file stays when the listener
  /// goes, as the next one replaces it.
  /// @errors kInvalidArgument(bad_address): too long, or a file that is no socket;
  ///   kUnavailable(address_in_use | listen_failed); kPermissionDenied(port_not_allowed)
  static Result<Listener> open_local(const std::string& path, std::uint32_t mode);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  struct Accepted {
    enum class Kind { kConnection, kNothing, kNoResources };
    Kind kind = Kind::kNothing;
    int socket = -1;  ///< non-blocking, TCP_NODELAY; the caller closes it
    Peer peer;
  };
  /// Takes one waiting connection; failed ones are passed over. kNoResources: out of descriptors or
  /// memory.
  Accepted accept();

  int descriptor() const { return socket_; }
  std::uint16_t port() const { return port_; }

 private:
  explicit Listener(int socket) : socket_(socket) {}
  int socket_;
  std::uint16_t port_ = 0;
};

}  // namespace kw::net
