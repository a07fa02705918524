// The HTTP/1.1 server: TLS 1.3, one event loop per thread, limits before parsing, answers that may
// come later.
//
// Order of defence (docs/threat_model.md): connection cap, header cap, Application::admit (rate
// limits, authentication), body cap, body. What is ambiguous, malformed or too slow is answered
// with a problem document (RFC 9457) and a closed connection; the application never sees it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "observe/log.h"

namespace kw::net {

/// The certificate that a TLS client proved to hold.
struct PeerCertificate {
  Bytes der;
  Bytes sha256;                        ///< of `der`, 32 bytes
  std::vector<std::string> dns_names;  ///< subjectAltName entries
  std::vector<std::string> uris;
};

/// The process at the other end of a local socket, as the kernel knows it. @source unix(7),
/// SO_PEERCRED.
struct PeerProcess {
  std::int64_t pid = 0;  ///< when it connected; for messages, never for permissions
  std::uint32_t uid = 0, gid = 0;
};

/// One header field, as it was sent; without the white space around the value.
struct Header {
  std::string_view name;
  std::string_view value;
};

/// A request's head; borrowed views live until the answer is given.
struct RequestHead {
  std::string_view method;
  /// Raw, undecoded, without the query; starts with '/'. Canonical: no empty or dot segments, no
  /// encoded '/', '.', '\\' or control characters; encoded bytes are UTF-8.
  std::string_view path;
  std::string_view query;  ///< raw, without '?'
  std::vector<Header> headers;
  std::string_view peer_address;  ///< of the socket, never from a header
  const PeerCertificate* peer_certificate = nullptr;
  const PeerProcess* peer_process = nullptr;  ///< of a local socket
  /// The value, or "" when absent. Case-insensitive. A header given twice answers "" and sets
  /// nothing.
  std::string_view header(std::string_view name) const;
  /// How often the field was given. Host, Content-Length, Transfer-Encoding, Content-Type, Expect
  /// and Authorization are there at most once.
  int header_count(std::string_view name) const;
};

/// An answer. The server adds Date, Content-Length, Connection, X-Content-Type-Options,
/// Strict-Transport-Security (with TLS) and, unless `headers` has its own, Cache-Control: no-store.
struct Response {
  int status = 200;                                    ///< 200 to 999
  std::string_view content_type = "application/json";  ///< a literal
  std::vector<std::pair<std::string, std::string>> headers;
  WipedText body;  ///< wiped when it was sent; not sent with HEAD, 204 and 304
};

/// A server-sent event stream. Thread-safe. A comment every 15 s keeps it alive. It ends when the
/// last share of it is dropped, the client leaves, or the server stops.
/// @source WHATWG HTML, 9.2 Server-sent events.
class EventStream {
 public:
  virtual ~EventStream() = default;
  /// Queues one event. An empty `id` or `event` is left out; `data` may have several lines.
  /// @returns false when the client is gone, when 1,000 events or 4 MiB wait already (which closes
  ///   the stream), or when `id` or `event` hold a line break or NUL (which does not).
  virtual bool send(std::string_view id, std::string_view event, std::string_view data) = 0;
  /// True when no event can be sent any more.
  virtual bool closed() const = 0;
};

/// The one-time right to answer a request. Move-only; may be used on any thread. Destroyed unused,
/// it answers 500.
class Reply {
 public:
  struct Target;  // implementation
  struct Answer;

  explicit Reply(std::shared_ptr<Target> target);
  Reply(Reply&&) noexcept;
  Reply& operator=(Reply&&) noexcept;
  ~Reply();

  /// Answers the request and gives up the right. Any thread; views of the request end here.
  /// A header name or value that could split the message is not sent: the client gets a 500.
  void send(Response response);
  /// Answers many requests and wakes each event loop at most once: for one thread that completes a
  /// whole batch.
  static void send_all(std::vector<Answer> answers);
  /// Answers 200 with a stream of events. The stream ends when the last share of it is dropped.
  std::shared_ptr<EventStream> stream();

 private:
  std::shared_ptr<Target> target_;
};

/// One element of a batch.
struct Reply::Answer {
  Reply reply;
  Response response;
};

/// A whole request. Its views live until its Reply is used or gone.
struct Request {
  RequestHead head;
  std::string_view body;          ///< in memory that is wiped after the answer
  std::shared_ptr<void> context;  ///< what Application::admit returned
};

/// What the server calls, from several threads at once. Both functions run on an event loop's
/// thread and must not block; a slow handler moves its Reply to another thread. An exception is
/// answered with 500.
class Application {
 public:
  virtual ~Application() = default;
  struct Admission {
    std::size_t body_max = 0;         ///< bytes; a longer body is answered 413 body_too_large
    std::shared_ptr<void> context;    ///< handed to handle()
    std::optional<Response> refusal;  ///< when set, it is sent at once and the body is not read
  };
  /// Called when the head is complete and before the body is read.
  virtual Admission admit(const RequestHead& head) = 0;
  /// Called with the whole request.
  virtual void handle(Request request, Reply reply) = 0;
};

/// How a server listens and what it allows. Caps refuse by closing at once.
struct ServerOptions {
  std::string address = "127.0.0.1";  ///< a literal IPv4 or IPv6 address; "::" serves both
  std::uint16_t port = 0;             ///< 0: any free port
  /// Listen on this local socket instead of address and port; a file there that nobody listens on
  /// is replaced. Needs tls = false and one thread.
  std::string unix_socket;
  std::uint32_t unix_socket_mode = 0600;
  int threads = 2;                    ///< event loops; 1 to 1,024
  bool tls = true;
  std::string certificate_pem;  ///< the server's certificate, then its issuers
  SecretBytes private_key_pem;  ///< not encrypted
  /// Empty: client certificates are not asked for; else verified when presented.
  std::string client_ca_pem;
  std::size_t connections_max = 4096;           ///< in total
  std::size_t connections_per_peer_max = 1024;  ///< per IPv4 address or IPv6 /64 network
  std::size_t header_bytes_max = 16 * 1024;     ///< request line and fields; 1 KiB to 64 KiB
  std::chrono::seconds idle_timeout{75};        ///< between two requests of a connection
  /// From the first byte to the whole body; also for each 64 KiB that a client reads.
  std::chrono::seconds request_timeout{30};
  /// For deadlines and the Date field; null: the machine's. Must outlive the server.
  const Clock* clock = nullptr;
};

/// What a server counted since its start.
struct ServerCounters {
  std::uint64_t accepted = 0;           ///< connections that were served
  std::uint64_t refused = 0;            ///< connections closed at once: over a connection cap
  std::uint64_t handshakes_failed = 0;  ///< TLS handshakes that failed or were too slow
  std::uint64_t requests_refused = 0;  ///< requests that the server itself turned away (400 to 505)
};

/// A running server. Thread-safe.
class HttpServer {
 public:
  /// Binds, then serves from its own threads. `application` and `log` must outlive the server.
  /// @errors kUnavailable(address_in_use | listen_failed), kPermissionDenied(port_not_allowed),
  ///   kInvalidArgument(bad_certificate | bad_address | bad_threads | bad_limit)
  static Result<std::unique_ptr<HttpServer>> start(ServerOptions options, Application& application,
                                                   const observe::Log& log);
  virtual ~HttpServer() = default;
  /// Where it listens.
  virtual std::uint16_t port() const = 0;
  /// Open connections.
  virtual std::size_t connections() const = 0;
  virtual ServerCounters counters() const = 0;
  /// Stops accepting, closes idle connections and ends event streams, lets requests in flight
  /// finish for at most `grace`, then cuts the rest and joins its threads. Idempotent. Not from a
  /// handler.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace kw::net
