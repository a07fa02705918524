// One thread with its io_context, its listener and its connections. Loops share nothing but limits
// and counters.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "net/http_server.h"
#include "net/listener.h"
#include "net/mailbox.h"
#include "net/peer_limits.h"
#include "net/response_writer.h"
#include "net/tls_context.h"

namespace boost::asio {
class io_context;
}

namespace kw::net {

class Connection;

/// What all loops of a server look at. Immutable but for its counters.
struct ServerState {
  ServerState(ServerOptions given, Application& app, const observe::Log& server_log)
      : options(std::move(given)),
        application(app),
        log(server_log),
        limits(options.connections_max, options.connections_per_peer_max) {}

  ServerOptions options;
  Application& application;
  const observe::Log& log;
  std::unique_ptr<TlsContext> tls;  ///< null without TLS
  PeerLimits limits;
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> handshakes_failed{0};
  std::atomic<std::uint64_t> requests_refused{0};

  const Clock& clock() const { return options.clock != nullptr ? *options.clock : system_clock; }

  SystemClock system_clock;
  std::mutex mutex;
  std::condition_variable loop_ended;
  int loops_running = 0;  ///< guarded by mutex
};

class EventLoop {
 public:
  EventLoop(ServerState& server, Listener listener);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Any thread.
  void start();
  /// Stops accepting, closes idle connections and streams; the thread ends with its last
  /// connection.
  void drain();
  /// Cuts all connections.
  void abort();
  void join();

  // The loop's thread, for its connections.
  ServerState& server() { return server_; }
  boost::asio::io_context& context();
  const ResponseWriter& writer() const;
  const std::shared_ptr<Mailbox>& mailbox() const;
  /// The time of the last sweep; at most kSweep behind.
  SteadyTime now() const;
  bool draining() const;
  void finished(Connection& connection);

  static constexpr std::chrono::milliseconds kSweep{100};

 private:
  struct State;
  ServerState& server_;
  std::unique_ptr<State> state_;
};

}  // namespace kw::net
