#include "agent/health_check.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "net/http_client.h"

namespace kw::agent {

namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr Milliseconds kQuestionMax{10'000};

bool connects(const addrinfo& address, Milliseconds most) {
  const Descriptor socket(
      ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return false;
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return true;
  pollfd ready{socket.get(), POLLOUT, 0};
  if (poll(&ready, 1, static_cast<int>(most.count())) != 1) return false;
  int failed = 0;
  socklen_t size = sizeof failed;
  return getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0;
}

Status ask(const TcpCheck& check, Milliseconds most) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(check.host.c_str(), check.port.c_str(), &hints, &found) != 0)
    return error(Code::kUnavailable, "unhealthy", "the name " + check.host + " is not known");
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
    if (connects(*each, most)) return ok();
  return error(Code::kUnavailable, "unhealthy", "nothing accepts connections there");
}

Status ask(const HttpCheck& check, Milliseconds most) {
  net::ClientOptions options;
  const std::size_t authority = check.url.find("://");
  const std::size_t path = check.url.find('/', authority == check.url.npos ? 0 : authority + 3);
  options.base_url = check.url.substr(0, path);
  options.ca_file = check.ca_file;
  options.timeout = most;
  KW_TRY(net::HttpClient client, net::HttpClient::create(std::move(options)));
  net::ClientRequest request;
  request.path = path == check.url.npos ? "/" : check.url.substr(path);
  KW_TRY(const net::ClientResponse answer, client.send(request));
  if (answer.status >= 200 && answer.status < 300) return ok();
  return error(Code::kUnavailable, "unhealthy", "it answered " + std::to_string(answer.status));
}

Status ask(const CommandCheck& check, Milliseconds most) {
  return run_command(check.words, most);
}
Status ask(const std::monostate&, Milliseconds) {
  return ok();
}

}  // namespace

Status check_health(const HealthCheck& check, Pause& pause) {
  const Error stopping = error(Code::kUnavailable, "stopping", "the agent stops");
  if (std::holds_alternative<std::monostate>(check.how)) return ok();
  if (check.settle.count() > 0 && !pause.wait(check.settle)) return stopping;
  const auto until = std::chrono::steady_clock::now() + check.timeout;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<Milliseconds>(until - std::chrono::steady_clock::now());
    const Milliseconds most = std::clamp(left, Milliseconds(1), kQuestionMax);
    const Status answer = std::visit([&](const auto& how) { return ask(how, most); }, check.how);
    if (answer) return ok();
    if (left <= check.interval)
      return error(Code::kFailedPrecondition, "unhealthy", answer.error().message);
    if (!pause.wait(check.interval)) return stopping;
  }
}

}  // namespace kw::agent
