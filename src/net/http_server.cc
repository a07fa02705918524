#include "net/http_server.h"

#include <mutex>
#include <utility>

#include "net/event_loop.h"

namespace kw::net {

namespace {

constexpr std::size_t kHeaderBytesLeast = 1024;
constexpr std::size_t kHeaderBytesMost = 64 * 1024;

class Server final : public HttpServer {
 public:
  Server(ServerOptions options, Application& application, const observe::Log& log)
      : state_(std::move(options), application, log) {}
  ~Server() override { stop(std::chrono::milliseconds(0)); }

  Status open() {
    const ServerOptions& options = state_.options;
    if (options.tls) {
      KW_TRY(state_.tls, TlsContext::create(options.certificate_pem, options.private_key_pem,
                                            options.client_ca_pem));
    }
    const bool local = !options.unix_socket.empty();
    KW_TRY(Listener first,
           local ? Listener::open_local(options.unix_socket, options.unix_socket_mode)
                 : Listener::open(options.address, options.port, Listener::Sharing::kFirst));
    port_ = first.port();
    loops_.push_back(std::make_unique<EventLoop>(state_, std::move(first)));
    for (int i = 1; i < options.threads; ++i) {
      KW_TRY(Listener next, Listener::open(options.address, port_, Listener::Sharing::kFurther));
      loops_.push_back(std::make_unique<EventLoop>(state_, std::move(next)));
    }
    state_.options.private_key_pem = SecretBytes();  // the TLS library has its own copy
    state_.loops_running = static_cast<int>(loops_.size());
    for (const auto& loop : loops_) loop->start();
    started_ = true;
    state_.log.info("http.started", {{"address", local ? options.unix_socket : options.address},
                                     {"port", static_cast<int>(port_)},
                                     {"tls", options.tls},
                                     {"threads", static_cast<int>(loops_.size())}});
    return ok();
  }

  std::uint16_t port() const override { return port_; }
  std::size_t connections() const override { return state_.limits.connections(); }
  ServerCounters counters() const override {
    return {state_.accepted, state_.limits.refused(), state_.handshakes_failed,
            state_.requests_refused};
  }

  void stop(std::chrono::milliseconds grace) override {
    std::lock_guard once(stopping_);
    if (loops_.empty()) return;
    for (const auto& loop : loops_) loop->drain();
    {
      std::unique_lock lock(state_.mutex);
      state_.loop_ended.wait_for(lock, grace, [this] { return state_.loops_running == 0; });
    }
    for (const auto& loop : loops_) loop->abort();
    for (const auto& loop : loops_) loop->join();
    loops_.clear();
    if (started_) state_.log.info("http.stopped", {{"port", static_cast<int>(port_)}});
  }

 private:
  ServerState state_;
  std::uint16_t port_ = 0;
  bool started_ = false;
  std::mutex stopping_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(ServerOptions options,
                                                      Application& application,
                                                      const observe::Log& log) {
  if (options.threads < 1 || options.threads > 1024)
    return error(Code::kInvalidArgument, "bad_threads", "a server has 1 to 1,024 threads");
  if (!options.unix_socket.empty() && (options.tls || options.threads != 1))
    return error(Code::kInvalidArgument, "bad_threads",
                 "a local socket is served by one thread, without TLS");
  if (options.header_bytes_max < kHeaderBytesLeast || options.header_bytes_max > kHeaderBytesMost)
    return error(Code::kInvalidArgument, "bad_limit", "heads are limited to 1 KiB up to 64 KiB");
  auto server = std::make_unique<Server>(std::move(options), application, log);
  try {
    KW_OK(server->open());
  } catch (const std::exception&) {
    return error(Code::kUnavailable, "listen_failed", "the system has no resources for the server");
  }
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace kw::net
