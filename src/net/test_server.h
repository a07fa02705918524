// What the tests of the server share: an application made of functions, and a client that writes
// raw bytes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "net/http_server.h"
#include "net/test_pki.h"

namespace kw::net::test {

/// Answers 200 {"ok":true} to everything unless told otherwise.
class TestApplication final : public Application {
 public:
  Admission admit(const RequestHead& head) override { return on_admit(head); }
  void handle(Request request, Reply reply) override { on_request(request, std::move(reply)); }
  std::function<Admission(const RequestHead&)> on_admit = [](const RequestHead&) {
    Admission admission;
    admission.body_max = 1 << 20;
    return admission;
  };
  std::function<void(const Request&, Reply)> on_request = [](const Request&, Reply reply) {
    Response response;
    response.body = R"({"ok":true})";
    reply.send(std::move(response));
  };
};

Response json(std::string_view text);

enum class Security { kPlain, kTls };

/// A server on a free port of the loopback address, with its own CA.
struct TestServer {
  explicit TestServer(Security security, const std::function<void(ServerOptions&)>& change = {});
  ~TestServer();

  bool has_logged(std::string_view text);

  Security security;
  Identity ca;
  Identity identity;
  FakeClock clock;
  TestApplication application;
  std::mutex log_mutex;
  std::string logged;  ///< guarded by log_mutex
  std::unique_ptr<observe::Log> log;
  std::unique_ptr<HttpServer> server;
};

struct RawAnswer {
  int status = 0;
  std::string head;
  std::string body;
  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

struct RawOptions {
  std::optional<Identity> identity;  ///< the client certificate
  int tls_version_max = 0;           ///< 0: any
  std::string alpn;                  ///< wire form
  bool raw = false;                  ///< no TLS even to a TLS server
};

/// A blocking client that sends exactly what it is told. Gives up after 20 s.
class RawClient {
 public:
  explicit RawClient(const TestServer& server, const RawOptions& options = {});
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the TLS handshake failed.
  bool connected() const;
  std::string alpn() const;
  bool resumed() const;
  /// Makes the next RawClient of this object's session resume it.
  struct Session;
  std::shared_ptr<Session> session() const;
  RawClient(const TestServer& server, const std::shared_ptr<Session>& session);

  /// False when the server closed.
  bool send(std::string_view bytes);
  void finish_sending();
  /// One answer with its Content-Length; status 0 when the connection ended before.
  RawAnswer answer();
  /// Reads until `end` is in the text; "" when the connection ended before.
  std::string read_until(std::string_view end);
  std::string read_to_end();

 private:
  struct State;
  bool fill();
  std::unique_ptr<State> state_;
};

/// Lets a FakeClock run, about a second at a time, while it lives.
class RunningTime {
 public:
  explicit RunningTime(FakeClock& clock);
  ~RunningTime();
  RunningTime(const RunningTime&) = delete;
  RunningTime& operator=(const RunningTime&) = delete;

 private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// Waits until `condition` holds; false when it does not within `most`.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds most = std::chrono::seconds(20));

/// "GET path HTTP/1.1" with a Host.
std::string get(std::string_view path, std::string_view more_fields = "");

}  // namespace kw::net::test
