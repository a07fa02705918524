#include "connectors/memcached_login.h"

#include "connectors/credential_text.h"
#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kWhat = "memcached";

}  // namespace

Result<std::unique_ptr<MemcachedLogin>> MemcachedLogin::open(const ServerAddress& address,
                                                             const secrets::Credential& credential,
                                                             SteadyTime deadline) {
  KW_TRY(auto wire, Wire::open(address, deadline, kWhat));
  std::unique_ptr<MemcachedLogin> login(new MemcachedLogin(std::move(wire)));
  const Status open_to_all = login->ping();
  if (open_to_all) return login;
  if (open_to_all.error().code != Code::kUnauthenticated) return open_to_all.error();
  KW_OK(login->log_in(credential));
  return login;
}

Status MemcachedLogin::ping() {
  KW_OK(wire_->write("version\r\n"));
  KW_TRY(const WipedText line, wire_->line());
  if (line.starts_with("VERSION")) return ok();
  if (line.starts_with("CLIENT_ERROR")) return credential_refused(kWhat, "CLIENT_ERROR");
  return unreachable(kWhat);
}

Status MemcachedLogin::log_in(const secrets::Credential& credential) {
  KW_TRY(const WipedText password, credential_text(credential.secret));
  const std::size_t size = credential.principal.size() + 1 + password.size();
  WipedText command("set keywright 0 0 ");
  command.append(std::to_string(size)).append("\r\n");
  command.append(credential.principal).append(" ").append(password).append("\r\n");
  KW_OK(wire_->write(command));
  KW_TRY(const WipedText line, wire_->line());
  if (line == "STORED") return ok();
  if (line.starts_with("CLIENT_ERROR")) return credential_refused(kWhat, "CLIENT_ERROR");
  return unreachable(kWhat);
}

}  // namespace kw::connectors
