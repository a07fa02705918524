#include "connectors/wire.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::size_t kPiece = 16384, kLineMax = 1 << 20;

struct Addresses {
  addrinfo* list = nullptr;
  Addresses() = default;
  ~Addresses() {
    if (list != nullptr) freeaddrinfo(list);
  }
  Addresses(const Addresses&) = delete;
  Addresses& operator=(const Addresses&) = delete;
};

Error untrusted(const std::string& what) {
  return error(Code::kFailedPrecondition, "tls_untrusted",
               "the certificate of " + what + " is not trusted for this name");
}

}  // namespace

struct Wire::Tls {
  struct Free {
    void operator()(SSL_CTX* each) const noexcept { SSL_CTX_free(each); }
    void operator()(SSL* each) const noexcept { SSL_free(each); }
  };
  std::unique_ptr<SSL_CTX, Free> context{SSL_CTX_new(TLS_client_method())};
  std::unique_ptr<SSL, Free> session;
};

Wire::Wire(SteadyTime deadline, std::string_view what) : deadline_(deadline), what_(what) {
  buffer_.resize(kPiece);
}

Wire::~Wire() {
  tls_.reset();
  if (socket_ >= 0) close(socket_);
}

Result<std::unique_ptr<Wire>> Wire::open(const ServerAddress& address, SteadyTime deadline,
                                         std::string_view what, bool tls_later) {
  std::unique_ptr<Wire> wire(new Wire(deadline, what));
  KW_OK(wire->connect(address));
  if (address.tls && !tls_later) KW_OK(wire->start_tls(address));
  return wire;
}

Status Wire::connect(const ServerAddress& address) {
  Addresses found;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted,
                  &found.list) != 0)
    return unreachable(what_);
  for (const addrinfo* each = found.list; each != nullptr; each = each->ai_next) {
    if (socket_ >= 0) close(socket_);
    socket_ = ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_ < 0) return unreachable(what_);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, each->ai_addr, each->ai_addrlen) == 0) return ok();
    if (errno != EINPROGRESS) continue;
    KW_OK(wait(true));
    int failure = 0;
    socklen_t size = sizeof failure;
    if (getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0)
      return ok();
  }
  return unreachable(what_);
}

Status Wire::wait(bool to_write) {
  pollfd watched{socket_, static_cast<short>(to_write ? POLLOUT : POLLIN), 0};
  for (;;) {
    const auto left = left_until(deadline_);
    if (left.count() == 0) return too_slow(what_);
    const int ready = poll(
        &watched, 1,
        static_cast<int>(std::min<std::int64_t>(left.count(), std::numeric_limits<int>::max())));
    if (ready > 0) return ok();
    if (ready < 0 && errno != EINTR) return unreachable(what_);
  }
}

// OK: what it waited for is there, try again.
Status Wire::wait_for(int tls_result) {
  const int wanted = SSL_get_error(tls_->session.get(), tls_result);
  if (wanted == SSL_ERROR_WANT_READ) return wait(false);
  if (wanted == SSL_ERROR_WANT_WRITE) return wait(true);
  const bool untrusted_peer =
      wanted == SSL_ERROR_SSL && SSL_get_verify_result(tls_->session.get()) != X509_V_OK;
  ERR_clear_error();
  return untrusted_peer ? untrusted(what_) : unreachable(what_);
}

Status Wire::start_tls(const ServerAddress& address) {
  tls_ = std::make_unique<Tls>();
  SSL_CTX* const context = tls_->context.get();
  if (context == nullptr) return unreachable(what_);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const bool loaded = address.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                              : SSL_CTX_load_verify_locations(
                                                    context, address.ca_file.c_str(), nullptr) == 1;
  tls_->session.reset(SSL_new(context));
  SSL* const session = tls_->session.get();
  ERR_clear_error();
  if (!loaded || session == nullptr)
    return error(Code::kFailedPrecondition, "bad_ca_file", "the CA file cannot be used");
  const char* const host = address.host.c_str();
  // An address in place of a name is looked for among the certificate's addresses.
  const bool numeric = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1;
  if (!numeric &&
      (SSL_set1_host(session, host) != 1 || SSL_set_tlsext_host_name(session, host) != 1))
    return untrusted(what_);
  if (SSL_set_fd(session, socket_) != 1) return unreachable(what_);
  for (int done = SSL_connect(session); done != 1; done = SSL_connect(session))
    KW_OK(wait_for(done));
  return ok();
}

Status Wire::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (tls_) {
      const int sent = SSL_write(tls_->session.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (sent <= 0) {
        KW_OK(wait_for(sent));
        continue;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EINTR) {
      KW_OK(wait(true));
    } else {
      return unreachable(what_);
    }
  }
  return ok();
}

Result<std::string_view> Wire::read() {
  for (;;) {
    // Also when bytes keep coming: a dribbling peer must not outlive the deadline.
    if (left_until(deadline_).count() == 0) return too_slow(what_);
    if (tls_) {
      const int got = SSL_read(tls_->session.get(), buffer_.data(), static_cast<int>(kPiece));
      if (got > 0) return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
      KW_OK(wait_for(got));
      continue;
    }
    const ssize_t got = recv(socket_, buffer_.data(), kPiece, 0);
    if (got > 0) return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) return unreachable(what_);
    KW_OK(wait(false));
  }
}

Result<WipedText> Wire::line() {
  for (;;) {
    const std::size_t end = pending_.find('\n');
    if (end != WipedText::npos) {
      WipedText found = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      if (!found.empty() && found.back() == '\r') found.pop_back();
      return found;
    }
    if (pending_.size() > kLineMax) return unreachable(what_);
    KW_TRY(const std::string_view more, read());
    pending_.append(more);
  }
}

}  // namespace kw::connectors
