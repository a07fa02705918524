#include "connectors/rabbitmq_login.h"

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else  // before version 0.12
#include <amqp.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#include <sys/time.h>

#include "connectors/credential_text.h"
#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kWhat = "RabbitMQ";
constexpr amqp_channel_t kChannel = 1;
constexpr int kFrameMax = 131072;

// Never zero: that would mean without end.
timeval time_left(SteadyTime deadline) {
  const auto left = std::max<std::int64_t>(left_until(deadline).count(), 1);
  return {left / 1000, (left % 1000) * 1000};
}

Error refused(const char* reason, int code) {
  return error(Code::kFailedPrecondition, reason, "RabbitMQ refused: code " + std::to_string(code));
}

Error error_of(const amqp_rpc_reply_t& reply) {
  const auto& [kind, method, status] = reply;
  if (kind == AMQP_RESPONSE_LIBRARY_EXCEPTION)
    return status == AMQP_STATUS_TIMEOUT ? too_slow(kWhat) : unreachable(kWhat);
  int code = 0;
  if (method.id == AMQP_CONNECTION_CLOSE_METHOD)
    code = static_cast<const amqp_connection_close_t*>(method.decoded)->reply_code;
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD)
    code = static_cast<const amqp_channel_close_t*>(method.decoded)->reply_code;
  if (code == AMQP_CONNECTION_FORCED || code >= 540)
    return error(Code::kUnavailable, "target_busy", "RabbitMQ closed the connection");
  if (code == AMQP_NOT_ALLOWED) return refused("target_permission", code);
  return refused("target_refused", code);
}

}  // namespace

RabbitmqLogin::RabbitmqLogin(SteadyTime deadline)
    : connection_(amqp_new_connection()), deadline_(deadline) {}

RabbitmqLogin::~RabbitmqLogin() {
  // A polite end waits for an answer; that of a deadline does not.
  if (open_) {
    const timeval brief{0, 200'000};
    amqp_set_rpc_timeout(connection_, &brief);
    amqp_connection_close(connection_, AMQP_REPLY_SUCCESS);
  }
  if (connection_ != nullptr) amqp_destroy_connection(connection_);
}

Status RabbitmqLogin::connect(const ServerAddress& address) {
  amqp_socket_t* socket = nullptr;
  if (address.tls) {
    socket = amqp_ssl_socket_new(connection_);
    if (socket == nullptr) return unreachable(kWhat);
    amqp_ssl_socket_set_verify_peer(socket, 1);
    amqp_ssl_socket_set_verify_hostname(socket, 1);
    amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
    const char* const file =
        address.ca_file.empty() ? "/etc/ssl/certs/ca-certificates.crt" : address.ca_file.c_str();
    if (amqp_ssl_socket_set_cacert(socket, file) != AMQP_STATUS_OK)
      return error(Code::kFailedPrecondition, "bad_ca_file", "the CA file cannot be used");
  } else {
    socket = amqp_tcp_socket_new(connection_);
    if (socket == nullptr) return unreachable(kWhat);
  }
  const timeval left = time_left(deadline_);
  const int opened = amqp_socket_open_noblock(socket, address.host.c_str(), address.port, &left);
  if (opened == AMQP_STATUS_OK) return ok();
  if (opened == AMQP_STATUS_TIMEOUT) return too_slow(kWhat);
  if (opened == AMQP_STATUS_SSL_PEER_VERIFY_FAILED ||
      opened == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED)
    return error(Code::kFailedPrecondition, "tls_untrusted",
                 "the certificate of RabbitMQ is not trusted for this name");
  return unreachable(kWhat);
}

Status RabbitmqLogin::log_in(const std::string& vhost, const secrets::Credential& credential) {
  KW_TRY(const WipedText password, credential_text(credential.secret));
  timeval left = time_left(deadline_);
  amqp_set_handshake_timeout(connection_, &left);
  amqp_set_rpc_timeout(connection_, &left);
  const amqp_rpc_reply_t reply =
      amqp_login(connection_, vhost.c_str(), 1, kFrameMax, 0, AMQP_SASL_METHOD_PLAIN,
                 credential.principal.c_str(), password.c_str());
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
      reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD &&
      static_cast<const amqp_connection_close_t*>(reply.reply.decoded)->reply_code ==
          AMQP_ACCESS_REFUSED)
    return credential_refused(kWhat, "code 403");
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) return error_of(reply);
  left = time_left(deadline_);
  amqp_set_rpc_timeout(connection_, &left);
  if (amqp_channel_open(connection_, kChannel) == nullptr)
    return error_of(amqp_get_rpc_reply(connection_));
  return ok();
}

Result<std::unique_ptr<RabbitmqLogin>> RabbitmqLogin::open(const ServerAddress& address,
                                                           const std::string& vhost,
                                                           const secrets::Credential& credential,
                                                           SteadyTime deadline) {
  std::unique_ptr<RabbitmqLogin> login(new RabbitmqLogin(deadline));
  if (login->connection_ == nullptr) return unreachable(kWhat);
  KW_OK(login->connect(address));
  KW_OK(login->log_in(vhost, credential));
  login->open_ = true;
  return login;
}

Status RabbitmqLogin::declare_passive(const std::string& queue) {
  const timeval left = time_left(deadline_);
  amqp_set_rpc_timeout(connection_, &left);
  if (queue.empty()) {
    amqp_exchange_declare(connection_, kChannel, amqp_cstring_bytes("amq.direct"),
                          amqp_cstring_bytes("direct"), 1, 1, 0, 0, amqp_empty_table);
  } else {
    amqp_queue_declare(connection_, kChannel, amqp_cstring_bytes(queue.c_str()), 1, 0, 0, 0,
                       amqp_empty_table);
  }
  const amqp_rpc_reply_t reply = amqp_get_rpc_reply(connection_);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return ok();
  open_ = false;
  return error_of(reply);
}

}  // namespace kw::connectors
