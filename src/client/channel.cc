#include "client/channel.h"

#include <sys/stat.h>

#include <algorithm>

#include "client/backoff.h"
#include "crypto/random.h"

namespace kw::client {

namespace {

bool may_pass(const Error& failure) {
  return failure.code == Code::kUnavailable || failure.code == Code::kDeadlineExceeded ||
         failure.code == Code::kResourceExhausted;
}

std::string stamp_of(const std::string& file) {
  struct stat found {};
  if (file.empty() || ::stat(file.c_str(), &found) != 0) return {};
  return std::to_string(found.st_ino) + ":" + std::to_string(found.st_ctim.tv_sec) + ":" +
         std::to_string(found.st_ctim.tv_nsec);
}

}  // namespace

Channel::Channel(ChannelOptions options) : options_(std::move(options)) {
  if (!options_.token_file.empty()) token_ = std::make_unique<TokenFile>(options_.token_file);
  if (!options_.secret_id_file.empty())
    secret_id_ = std::make_unique<TokenFile>(options_.secret_id_file);
}
Channel::~Channel() = default;

Result<std::shared_ptr<Channel>> Channel::open(ChannelOptions options) {
  // Wrong addresses are told now, not at the first request.
  KW_OK(net::HttpClient::create(options.http));
  return std::shared_ptr<Channel>(new Channel(std::move(options)));
}

// A connection that was made with the old certificate goes on being the old caller.
bool Channel::certificate_renewed() {
  const std::string stamp =
      stamp_of(options_.http.client_certificate_file) + stamp_of(options_.http.client_key_file);
  std::lock_guard lock(mutex_);
  if (stamp == certificate_stamp_) return false;
  certificate_stamp_ = stamp;
  idle_.clear();
  return true;
}

Result<WipedText> Channel::token() {
  if (token_) return token_->read();
  if (secret_id_) return logged_in();
  return WipedText();
}

Result<WipedText> Channel::logged_in() {
  std::lock_guard lock(login_mutex_);
  if (login_token_.empty() || std::chrono::steady_clock::now() >= login_renew_) KW_OK(log_in());
  return login_token_;
}

Status Channel::log_in() {
  KW_TRY(const WipedText secret, secret_id_->read());
  codec::JsonWriter json;
  json.begin_object().member("role_id", options_.role_id);
  json.member("secret_id", std::string_view(secret.data(), secret.size())).end_object();
  const WipedText body = json.take();
  KW_TRY(Connection connection, Connection::open({options_.http, {}}));
  Request request;
  request.method = "POST";
  request.path = "/api/v1/auth/exchange";
  request.body = {body.data(), body.size()};
  KW_TRY(const Answer answer, connection.send(request));
  KW_TRY(const std::string_view text, answer.json.root().text("token"));
  KW_TRY(const std::int64_t seconds, answer.json.root().integer("expires_in_seconds"));
  login_token_.reserve(64);
  login_token_.assign(text);
  login_renew_ = std::chrono::steady_clock::now() + std::chrono::seconds(seconds) * 2 / 3;
  return ok();
}

Result<std::unique_ptr<Connection>> Channel::take() {
  KW_TRY(WipedText token, this->token());
  certificate_renewed();
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      connection->set_token(std::move(token));
      return connection;
    }
  }
  KW_TRY(Connection connection, Connection::open({options_.http, std::move(token)}));
  return std::make_unique<Connection>(std::move(connection));
}

void Channel::give_back(std::unique_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  if (idle_.size() < options_.connections_max) idle_.push_back(std::move(connection));
}

Result<Answer> Channel::attempt(const Request& request, bool& renewed) {
  KW_TRY(std::unique_ptr<Connection> connection, take());
  Result<Answer> answer = connection->send(request);
  if (!answer && answer.error().code == Code::kUnauthenticated) {
    if (secret_id_) {
      std::lock_guard lock(login_mutex_);
      login_token_.clear();
    }
    renewed = token_ || secret_id_ || certificate_renewed();
  }
  if (answer || connection->last_problem().status != 0) give_back(std::move(connection));
  return answer;
}

Result<Answer> Channel::send(Request request) {
  if (request.method != "GET" && request.idempotency_key.empty())
    request.idempotency_key = crypto::random_id<RequestId>().text();
  Backoff backoff(options_.first_wait, options_.most_wait);
  bool retried_credential = false;
  for (;;) {
    bool renewed = false;
    Result<Answer> answer = attempt(request, renewed);
    if (answer) return answer;
    const Error& why = answer.error();
    if (renewed && !retried_credential) {
      // The file may have been replaced while the request was on its way.
      retried_credential = true;
      continue;
    }
    if (!may_pass(why) || backoff.tries() + 1 >= options_.attempts) return answer;
    std::chrono::milliseconds wait = backoff.next();
    if (why.retry_after) wait = std::max<std::chrono::milliseconds>(wait, *why.retry_after);
    if (!pause(std::min(wait, options_.most_wait)))
      return error(Code::kUnavailable, "stopping", "the client stops");
  }
}

Status Channel::events(
    const std::string& path, const std::string& last_event_id,
    const std::function<bool(std::string_view, std::string_view, std::string_view)>& on_event,
    const std::atomic<bool>& stop) {
  // Not from the pool: it is busy as long as the stream lasts.
  KW_TRY(WipedText token, this->token());
  KW_TRY(Connection connection, Connection::open({options_.http, std::move(token)}));
  return connection.events(last_event_id, on_event, path, &stop);
}

bool Channel::pause(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, most, [this] { return stopping_; });
  return !stopping_;
}

void Channel::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
}

}  // namespace kw::client
