#include "connectors/nats_login.h"

#include "codec/json.h"
#include "connectors/credential_text.h"
#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kWhat = "NATS";

// The server's words, which are the same for everybody; what is quoted in them is not repeated.
Error error_of(std::string_view words) {
  if (words.find("Authorization Violation") != words.npos ||
      words.find("Authentication") != words.npos)
    return credential_refused(kWhat, "Authorization Violation");
  if (words.find("Permissions Violation") != words.npos)
    return error(Code::kFailedPrecondition, "permission_missing",
                 "NATS refused: Permissions Violation");
  if (words.find("maximum connections") != words.npos || words.find("Shutdown") != words.npos)
    return error(Code::kUnavailable, "target_busy", "NATS takes no more connections");
  return error(Code::kFailedPrecondition, "target_refused", "NATS refused the connection");
}

}  // namespace

Result<std::unique_ptr<NatsLogin>> NatsLogin::open(const ServerAddress& address,
                                                   const secrets::Credential& credential,
                                                   SteadyTime deadline) {
  KW_TRY(auto wire, Wire::open(address, deadline, kWhat, true));
  std::unique_ptr<NatsLogin> login(new NatsLogin(std::move(wire)));
  KW_OK(login->greet(address, credential));
  return login;
}

Status NatsLogin::greet(const ServerAddress& address, const secrets::Credential& credential) {
  KW_TRY(const WipedText password, credential_text(credential.secret));
  KW_TRY(const WipedText info, wire_->line());
  if (!info.starts_with("INFO ")) return unreachable(kWhat);
  if (address.tls) {
    const auto facts = codec::JsonDocument::parse(std::string_view(info).substr(5));
    const auto says = [&](std::string_view name) {
      const auto value = facts->root().boolean(name);
      return value && *value;
    };
    if (!facts || (!says("tls_required") && !says("tls_available")))
      return error(Code::kFailedPrecondition, "no_tls", "NATS offers no TLS on this port");
    KW_OK(wire_->start_tls(address));
  }
  codec::JsonWriter connect;
  connect.begin_object().member("verbose", false).member("pedantic", false);
  connect.member("tls_required", address.tls).member("user", credential.principal);
  connect.member("pass", std::string_view(password)).member("name", "keywright");
  connect.member("lang", "cpp").member("version", "1").member("protocol", 1).end_object();
  // In one piece with the PING: a server that refuses closes at once, and what it has not read by
  // then would make the network forget its answer.
  WipedText line("CONNECT ");
  line.append(connect.text()).append("\r\nPING\r\n");
  KW_OK(wire_->write(line));
  return pong();
}

Status NatsLogin::ping() {
  KW_OK(wire_->write("PING\r\n"));
  return pong();
}

Status NatsLogin::pong() {
  for (;;) {
    KW_TRY(const WipedText line, wire_->line());
    if (line == "PONG") return ok();
    if (line == "PING") KW_OK(wire_->write("PONG\r\n"));
    if (line.starts_with("-ERR")) return error_of(line);
  }
}

Status NatsLogin::subscribe(std::string_view subject) {
  WipedText line("SUB ");
  line.append(subject).append(" 1\r\n");
  KW_OK(wire_->write(line));
  return ping();
}

}  // namespace kw::connectors
