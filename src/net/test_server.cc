#include "net/test_server.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <cstdlib>

namespace kw::net::test {

Response json(std::string_view text) {
  Response response;
  response.body = text;
  return response;
}

TestServer::TestServer(Security given, const std::function<void(ServerOptions&)>& change)
    : security(given), clock(from_micros(1'800'000'000'000'000)) {
  signal(SIGPIPE, SIG_IGN);
  ServerOptions options;
  options.tls = security == Security::kTls;
  options.clock = &clock;
  if (options.tls) {
    ca = make_ca("test CA");
    identity = make_leaf(ca, {"server", {"DNS:localhost", "IP:127.0.0.1"}});
    options.certificate_pem = identity.certificate_pem;
    options.private_key_pem = SecretBytes::copy_of(as_bytes(identity.key_pem));
  }
  if (change) change(options);
  log = std::make_unique<observe::Log>(clock, observe::Level::kInfo, observe::Log::Format::kJson,
                                       [this](std::string_view line) {
                                         std::lock_guard lock(log_mutex);
                                         logged += line;
                                       });
  auto started = HttpServer::start(std::move(options), application, *log);
  if (!started) ADD_FAILURE() << started.error().reason;
  server = *std::move(started);
}

TestServer::~TestServer() {
  if (server) server->stop(std::chrono::milliseconds(0));
}

bool TestServer::has_logged(std::string_view text) {
  std::lock_guard lock(log_mutex);
  return logged.find(text) != std::string::npos;
}

struct RawClient::Session {
  explicit Session(SSL_SESSION* taken) : session(taken) {}
  ~Session() { SSL_SESSION_free(session); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  SSL_SESSION* session;
};

struct RawClient::State {
  int socket = -1;
  SSL_CTX* context = nullptr;
  SSL* tls = nullptr;
  bool connected = false;
  std::string received;

  explicit State(std::uint16_t port) {
    socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{20, 0};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected = connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~State() {
    SSL_free(tls);
    SSL_CTX_free(context);
    if (socket >= 0) close(socket);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void begin_tls(const RawOptions& options, SSL_SESSION* session) {
    context = SSL_CTX_new(TLS_client_method());
    if (options.tls_version_max != 0)
      SSL_CTX_set_max_proto_version(context, options.tls_version_max);
    if (!options.alpn.empty())
      SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(options.alpn.data()),
                              static_cast<unsigned>(options.alpn.size()));
    if (options.identity) use(*options.identity);
    tls = SSL_new(context);
    if (session != nullptr) SSL_set_session(tls, session);
    SSL_set_fd(tls, socket);
    connected = connected && SSL_connect(tls) == 1;
    ERR_clear_error();
  }

  void use(const Identity& identity) {
    BIO* pem = BIO_new_mem_buf(identity.certificate_pem.data(), -1);
    X509* certificate = PEM_read_bio_X509(pem, nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context, certificate);
    X509_free(certificate);
    BIO_free(pem);
    pem = BIO_new_mem_buf(identity.key_pem.data(), -1);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(pem, nullptr, nullptr, nullptr);
    SSL_CTX_use_PrivateKey(context, key);
    EVP_PKEY_free(key);
    BIO_free(pem);
  }
};

RawClient::RawClient(const TestServer& server, const RawOptions& options)
    : state_(std::make_unique<State>(server.server->port())) {
  if (server.security == Security::kTls && !options.raw) state_->begin_tls(options, nullptr);
}

RawClient::RawClient(const TestServer& server, const std::shared_ptr<Session>& session)
    : state_(std::make_unique<State>(server.server->port())) {
  state_->begin_tls({}, session->session);
}

RawClient::~RawClient() = default;

bool RawClient::connected() const {
  return state_->connected;
}
bool RawClient::resumed() const {
  return SSL_session_reused(state_->tls) == 1;
}
std::shared_ptr<RawClient::Session> RawClient::session() const {
  return std::make_shared<Session>(SSL_get1_session(state_->tls));
}
std::string RawClient::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(state_->tls, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool RawClient::send(std::string_view bytes) {
  if (!state_->connected) return false;
  while (!bytes.empty()) {
    const auto count = state_->tls == nullptr
                           ? ::send(state_->socket, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                           : SSL_write(state_->tls, bytes.data(), static_cast<int>(bytes.size()));
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void RawClient::finish_sending() {
  if (state_->tls != nullptr) SSL_shutdown(state_->tls);
  shutdown(state_->socket, SHUT_WR);
}

bool RawClient::fill() {
  if (!state_->connected) return false;
  char bytes[16 * 1024];
  const auto count = state_->tls == nullptr ? recv(state_->socket, bytes, sizeof bytes, 0)
                                            : SSL_read(state_->tls, bytes, sizeof bytes);
  if (count <= 0) return false;
  state_->received.append(bytes, static_cast<std::size_t>(count));
  return true;
}

std::string RawClient::read_until(std::string_view end) {
  std::size_t at = state_->received.find(end);
  for (; at == std::string::npos; at = state_->received.find(end))
    if (!fill()) return {};
  std::string text = state_->received.substr(0, at + end.size());
  state_->received.erase(0, at + end.size());
  return text;
}

std::string RawClient::read_to_end() {
  while (fill()) continue;
  return std::exchange(state_->received, {});
}

RawAnswer RawClient::answer() {
  RawAnswer answer;
  answer.head = read_until("\r\n\r\n");
  if (answer.head.size() < 12) return answer;
  answer.status = static_cast<int>(std::strtol(answer.head.c_str() + 9, nullptr, 10));
  const auto length_at = answer.head.find("Content-Length: ");
  if (length_at == std::string::npos) return answer;
  const auto length = std::strtoul(answer.head.c_str() + length_at + 16, nullptr, 10);
  while (state_->received.size() < length && fill()) continue;
  answer.body = state_->received.substr(0, length);
  state_->received.erase(0, length);
  return answer;
}

RunningTime::RunningTime(FakeClock& clock)
    : thread_([this, &clock] {
        while (!over_) {
          clock.advance(std::chrono::seconds(1));
          std::this_thread::yield();
        }
      }) {}
RunningTime::~RunningTime() {
  over_ = true;
  thread_.join();
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string get(std::string_view path, std::string_view more_fields) {
  std::string text = "GET ";
  return text.append(path).append(" HTTP/1.1\r\nHost: a\r\n").append(more_fields).append("\r\n");
}

}  // namespace kw::net::test
