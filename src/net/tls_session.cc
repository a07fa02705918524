#include "net/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace kw::net {

namespace {

// Half a TLS record: small enough for thousands of idle connections, large enough for common
// requests.
constexpr std::size_t kReceiveBytes = 8 * 1024;

TlsSession& session_of(BIO* bio) {
  return *static_cast<TlsSession*>(BIO_get_data(bio));
}

int bio_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const int count = session_of(bio).take_received(into, size);
  if (count <= 0) BIO_set_retry_read(bio);
  return count;
}

int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const int count = session_of(bio).send(bytes, size);
  if (count == 0) BIO_set_retry_write(bio);
  return count == 0 ? -1 : count;
}

long bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

struct BioMethod {
  BioMethod() : method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "loop")) {
    KW_CHECK(method != nullptr);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
  }
  BIO_METHOD* method;
};

// Three function pointers that never change; OpenSSL wants them in a heap object.
BIO_METHOD* bio_method() {
  static const BioMethod constant;
  return constant.method;
}

}  // namespace

IoStep send_now(int socket, std::string_view bytes) {
  for (;;) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) return {IoStep::Kind::kDone, static_cast<std::size_t>(count)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStep::Kind::kNeedsOutput, 0};
    if (errno != EINTR) return {IoStep::Kind::kClosed, 0};
  }
}

TlsSession::TlsSession(int socket) : socket_(socket) {}

std::unique_ptr<TlsSession> TlsSession::create(const TlsContext& context, int socket) {
  std::unique_ptr<TlsSession> session(new TlsSession(socket));
  session->session_ = SSL_new(context.get());
  BIO* bio = BIO_new(bio_method());
  if (session->session_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    ERR_clear_error();
    return nullptr;
  }
  BIO_set_data(bio, session.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(session->session_, bio, bio);
  SSL_set_accept_state(session->session_);
  return session;
}

TlsSession::~TlsSession() {
  SSL_free(session_);
}

IoStep TlsSession::after(int result, std::size_t count) {
  if (result > 0) return {IoStep::Kind::kDone, count};
  switch (SSL_get_error(session_, result)) {
    case SSL_ERROR_WANT_READ:
      return {IoStep::Kind::kNeedsInput, 0};
    case SSL_ERROR_WANT_WRITE:
      return {IoStep::Kind::kNeedsOutput, 0};
    default:
      ERR_clear_error();
      return {IoStep::Kind::kClosed, 0};
  }
}

IoStep TlsSession::handshake() {
  ERR_clear_error();
  return after(SSL_do_handshake(session_), 0);
}

IoStep TlsSession::read(std::span<char> room) {
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(session_, room.data(), room.size(), &count);
  return after(result, count);
}

IoStep TlsSession::write(std::string_view bytes) {
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_write_ex(session_, bytes.data(), bytes.size(), &count);
  return after(result, count);
}

void TlsSession::shutdown() {
  ERR_clear_error();
  if (SSL_is_init_finished(session_)) SSL_shutdown(session_);
  ERR_clear_error();
}

std::span<char> TlsSession::receive_room() {
  KW_CHECK(begin_ == end_);
  received_.resize(kReceiveBytes);
  return received_;
}

void TlsSession::received(std::size_t count) {
  KW_CHECK(begin_ == end_ && count <= received_.size());
  begin_ = 0;
  end_ = count;
}

int TlsSession::take_received(char* into, int size) {
  const std::size_t count = std::min(static_cast<std::size_t>(size), end_ - begin_);
  if (count == 0) return -1;
  memcpy(into, received_.data() + begin_, count);
  begin_ += count;
  return static_cast<int>(count);
}

int TlsSession::send(const char* bytes, int size) {
  const IoStep step = send_now(socket_, {bytes, static_cast<std::size_t>(size)});
  if (step.kind == IoStep::Kind::kNeedsOutput) return 0;
  return step.kind == IoStep::Kind::kDone ? static_cast<int>(step.count) : -1;
}

}  // namespace kw::net
