// One client connection, served by one coroutine on its loop's thread.
#pragma once

#include <memory>

#include "base/clock.h"
#include "net/peer_limits.h"

namespace kw::net {

class EventLoop;

/// Owned by its loop. All calls are on the loop's thread.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Begins to serve. The end is reported with EventLoop::finished.
  virtual void start() = 0;
  /// Acts when the connection's deadline has passed.
  virtual void sweep(SteadyTime now) = 0;
  /// Ends after the request in flight, or at once when there is none.
  virtual void drain() = 0;
  /// Ends at once; answers that come later are dropped.
  virtual void abort() = 0;
};

/// Takes over the socket and a place in the limits. Null when there are no resources; both are
/// given back then.
std::shared_ptr<Connection> make_connection(EventLoop& loop, int socket, Peer peer);

}  // namespace kw::net
