#include "agent/local_api.h"

#include <charconv>

#include "codec/json.h"

namespace kw::agent {

namespace {

using codec::JsonWriter;

constexpr std::size_t kBodyMax = 4096;
constexpr std::size_t kWaitingMax = 1024;
constexpr std::int64_t kWaitMax = 300;

net::Response json_response(JsonWriter& json, int status = 200) {
  net::Response response;
  response.status = status;
  response.body = json.take();
  return response;
}

net::Response refusal(int status, std::string_view reason, std::string_view detail) {
  JsonWriter json;
  json.begin_object().member("type", "about:blank").member("status", status);
  json.member("reason", reason).member("detail", detail).end_object();
  net::Response response = json_response(json, status);
  response.content_type = "application/problem+json";
  return response;
}

net::Response not_found() {
  return refusal(404, "not_found", "there is no such secret, or not for you");
}

bool read_number(std::string_view text, std::int64_t& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc{} && end == text.data() + text.size() && number >= 0;
}

}  // namespace

struct LocalApi::Asked {
  std::string path;
  std::string verb;  ///< "", "used" or "failed"
  bool previous = false;
  std::int64_t after = 0, wait_seconds = 0;

  Status read_query(std::string_view query) {
    while (!query.empty()) {
      const std::string_view pair = query.substr(0, query.find('&'));
      query.remove_prefix(std::min(query.size(), pair.size() + 1));
      const std::string_view name = pair.substr(0, pair.find('='));
      const std::string_view value =
          name.size() == pair.size() ? std::string_view() : pair.substr(name.size() + 1);
      const bool known = (name == "version" && value == "previous") ||
                         (name == "after" && read_number(value, after)) ||
                         (name == "wait_seconds" && read_number(value, wait_seconds));
      if (!known)
        return error(Code::kInvalidArgument, "bad_query",
                     "ask with version=previous, or with after= and wait_seconds=");
      previous = previous || name == "version";
    }
    if (wait_seconds <= kWaitMax) return ok();
    return error(Code::kInvalidArgument, "bad_query", "wait_seconds is at most 300");
  }
};

LocalApi::LocalApi(const Config& config, Parts parts) : config_(config), parts_(std::move(parts)) {
  for (const SecretConfig& each : config.secrets) secrets_[each.path] = &each;
  late_ = std::thread([this] { answer_late(); });
}

LocalApi::~LocalApi() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  late_.join();
}

net::Application::Admission LocalApi::admit(const net::RequestHead&) {
  Admission admission;
  admission.body_max = kBodyMax;
  return admission;
}

bool LocalApi::may_use(const net::PeerProcess* peer, const std::string& path) const {
  const auto found = secrets_.find(path);
  if (peer == nullptr || found == secrets_.end()) return false;
  return found->second->users.contains(peer->uid) || found->second->groups.contains(peer->gid);
}

Result<LocalApi::Asked> LocalApi::parse(const net::RequestHead& head) const {
  const std::string prefix = "/api/v1/tenants/" + config_.tenant + "/secrets/";
  const Error unknown = error(Code::kNotFound, "not_found", "no such thing here");
  if (!head.path.starts_with(prefix)) return unknown;
  std::string_view rest = head.path.substr(prefix.size());
  Asked asked;
  if (head.method == "POST") {
    const std::size_t colon = rest.rfind(':');
    if (colon == rest.npos) return unknown;
    asked.verb = rest.substr(colon + 1);
    if (asked.verb != "used" && asked.verb != "failed") return unknown;
    rest = rest.substr(0, colon);
  } else if (head.method != "GET") {
    return unknown;
  }
  asked.path = rest;
  KW_OK(asked.read_query(head.query));
  return asked;
}

void LocalApi::handle(net::Request request, net::Reply reply) {
  if (request.head.method == "GET" && request.head.path == "/health") return reply.send(health());
  if (request.head.method == "GET" && request.head.path == "/metrics") {
    net::Response response;
    response.content_type = "text/plain; version=0.0.4";
    const std::string text = parts_.metrics.prometheus_text();
    response.body.assign(text);
    return reply.send(std::move(response));
  }
  const Result<Asked> asked = parse(request.head);
  if (!asked && asked.error().code == Code::kNotFound) return reply.send(not_found());
  if (!asked) return reply.send(refusal(400, asked.error().reason, asked.error().message));
  if (!may_use(request.head.peer_process, asked->path)) return reply.send(not_found());
  if (asked->verb.empty()) return read(*asked, std::move(reply));
  judge(*asked, request.body, std::move(reply));
}

net::Response LocalApi::value_response(const client::SecretPointer& value) const {
  if (!value) return not_found();
  JsonWriter json;
  json.begin_object().member("path", value->path);
  json.member("version", static_cast<std::int64_t>(value->version)).member("state", value->state);
  if (value->expires_at) json.member("expires_at", rfc3339(*value->expires_at));
  const SecretBytes* whole = value->part("");
  if (whole != nullptr) {
    json.name("value").base64(whole->reveal(Reveal{}));
  } else {
    json.name("fields").begin_object();
    for (const auto& [name, secret] : value->parts)
      json.member(name, as_text(secret.reveal(Reveal{})));
    json.end_object();
  }
  json.end_object();
  return json_response(json);
}

void LocalApi::read(const Asked& asked, net::Reply reply) {
  if (asked.previous) return reply.send(value_response(parts_.holdings.previous(asked.path)));
  std::unique_lock lock(mutex_);
  client::SecretPointer value = parts_.holdings.in_force(asked.path);
  const bool waits = asked.wait_seconds > 0 && (!value || value->version == asked.after);
  if (!waits || waiting_.size() >= kWaitingMax) {
    lock.unlock();
    return reply.send(value_response(value));
  }
  waiting_.push_back({std::move(reply), asked.path, static_cast<std::uint32_t>(asked.after),
                      parts_.clock.steady() + std::chrono::seconds(asked.wait_seconds)});
  lock.unlock();
  wake_.notify_all();
}

void LocalApi::judge(const Asked& asked, std::string_view body, net::Reply reply) {
  const auto document = codec::JsonDocument::parse(body);
  const auto version = document
                           ? document->root().integer("version")
                           : Result<std::int64_t>(error(Code::kInvalidArgument, "json_syntax", ""));
  if (!version || *version < 1 || *version > UINT32_MAX)
    return reply.send(refusal(400, "bad_version", "send {\"version\": N}"));
  parts_.holdings.reached(asked.path, static_cast<std::uint32_t>(*version),
                          asked.verb == "used" ? Grade::kUsed : Grade::kFailed);
  parts_.wake();
  net::Response response;
  response.status = 204;
  reply.send(std::move(response));
}

net::Response LocalApi::health() const {
  JsonWriter json;
  json.begin_object().member("connected", parts_.connected()).name("secrets").begin_array();
  for (const std::string& path : parts_.holdings.paths()) {
    const client::SecretPointer value = parts_.holdings.in_force(path);
    json.begin_object().member("path", path).name("version");
    if (value) {
      json.value(static_cast<std::int64_t>(value->version));
    } else {
      json.null();
    }
    json.member("confirmed", parts_.holdings.confirmed(path)).end_object();
  }
  json.end_array().end_object();
  return json_response(json);
}

void LocalApi::changed(const std::string&) {
  // The lock orders this behind a reader that has looked and not yet begun to wait.
  { std::lock_guard lock(mutex_); }
  wake_.notify_all();
}

void LocalApi::answer_late() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    SteadyTime next = parts_.clock.steady() + std::chrono::seconds(1);
    for (auto each = waiting_.begin(); each != waiting_.end();) {
      const client::SecretPointer value = parts_.holdings.in_force(each->path);
      const bool over = parts_.clock.steady() >= each->until;
      if (!over && (!value || value->version == each->after)) {
        next = std::min(next, each->until);
        ++each;
        continue;
      }
      each->reply.send(value_response(value));
      each = waiting_.erase(each);
    }
    wake_.wait_for(lock, next - parts_.clock.steady());
  }
  for (Waiting& each : waiting_) each.reply.send(not_found());
  waiting_.clear();
}

}  // namespace kw::agent
