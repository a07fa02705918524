#include "client/connection.h"

#include <charconv>

namespace kw::client {

namespace {

constexpr codec::JsonLimits kAnswerLimits{64u << 20, 32, 4'000'000};

Code code_of(int status) {
  switch (status) {
    case 400:
    case 405:
    case 415:
    case 422:
      return Code::kInvalidArgument;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kFailedPrecondition;
    case 412:
      return Code::kAborted;
    case 413:
      return Code::kTooLarge;
    case 429:
      return Code::kResourceExhausted;
    case 501:
      return Code::kUnimplemented;
    case 503:
      return Code::kUnavailable;
    case 504:
      return Code::kDeadlineExceeded;
    default:
      return Code::kInternal;
  }
}

std::string text_member(const codec::JsonView& object, std::string_view name) {
  const auto text = object.text(name);
  return text ? std::string(*text) : std::string();
}

void read_blockers(const codec::JsonView& root, Problem& problem) {
  const auto list = root.member("blockers");
  if (!list) return;
  for (const codec::JsonView& entry : list->elements())
    problem.blockers.push_back({text_member(entry, "kind"), text_member(entry, "where"),
                                text_member(entry, "clears_when"),
                                entry.integer("amount") ? *entry.integer("amount") : 0});
}

Error read_problem(int status, std::string_view text, Problem& problem) {
  problem = Problem{};
  problem.status = status;
  const auto document = codec::JsonDocument::parse(text);
  if (!document || !document->root().has("reason"))
    return error(code_of(status), "http_" + std::to_string(status),
                 "the server answered " + std::to_string(status));
  const codec::JsonView root = document->root();
  problem.request_id = text_member(root, "request_id");
  if (const auto approval = root.member("approval"))
    problem.approval_id = text_member(*approval, "id");
  problem.why = text_member(root, "why");
  problem.run_id = text_member(root, "run");
  problem.incident_id = text_member(root, "incident");
  read_blockers(root, problem);
  return error(code_of(status), text_member(root, "reason"), text_member(root, "detail"));
}

std::optional<std::chrono::seconds> seconds_of(const std::string& text) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return std::chrono::seconds(number);
}

std::string percent_encoded(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    if (plain) {
      encoded.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace

Result<Connection> Connection::open(ConnectionOptions options) {
  KW_TRY(net::HttpClient http, net::HttpClient::create(std::move(options.http)));
  return Connection(std::move(http), std::move(options.token));
}

Result<Answer> Connection::send(const Request& request) {
  net::ClientRequest wire;
  wire.method = request.method;
  wire.path = request.path;
  wire.body = request.body;
  wire.bearer_token = token_;
  if (!request.body.empty()) wire.headers.emplace_back("Content-Type", "application/json");
  if (!request.approval.empty()) wire.headers.emplace_back("Keywright-Approval", request.approval);
  if (!request.if_match.empty()) wire.headers.emplace_back("If-Match", request.if_match);
  if (!request.idempotency_key.empty())
    wire.headers.emplace_back("Idempotency-Key", request.idempotency_key);
  problem_ = Problem{};
  KW_TRY(net::ClientResponse response, http_.send(wire));
  const std::string_view text(response.body.data(), response.body.size());
  if (response.status >= 400) {
    Error refusal = read_problem(response.status, text, problem_);
    refusal.retry_after = seconds_of(response.header("retry-after"));
    return refusal;
  }
  const std::string type = response.header("content-type");
  const bool json =
      (type.starts_with("application/json") || type.starts_with("application/jwk-set+json")) &&
      !text.empty();
  KW_TRY(codec::JsonDocument document,
         codec::JsonDocument::parse(json ? text : "{}", kAnswerLimits));
  return Answer{response.status, std::move(response.body), std::move(document)};
}

Status Connection::events(
    const std::string& last_event_id,
    const std::function<bool(std::string_view, std::string_view, std::string_view)>& on_event,
    const std::string& path, const std::atomic<bool>* stop) {
  net::ClientRequest wire;
  wire.path = path;
  wire.bearer_token = token_;
  if (!last_event_id.empty()) wire.headers.emplace_back("Last-Event-ID", last_event_id);
  std::string id, event, data;
  return http_.stream(
      wire,
      [&](std::string_view line) {
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.starts_with("id: ")) id = line.substr(4);
        if (line.starts_with("event: ")) event = line.substr(7);
        if (line.starts_with("data: ")) data = line.substr(6);
        if (!line.empty() || data.empty()) return true;
        const bool more = on_event(id, event, data);
        data.clear();
        return more;
      },
      stop);
}

std::string path_segment(std::string_view text) {
  return percent_encoded(text);
}

std::string query(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  std::string text;
  for (const auto& [name, value] : pairs)
    if (!value.empty())
      text += (text.empty() ? "?" : "&") + std::string(name) + "=" + percent_encoded(value);
  return text;
}

}  // namespace kw::client
