#include "connectors/rabbitmq_api.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "connectors/credential_text.h"
#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kWhat = "RabbitMQ";

Error error_of(int status) {
  const std::string code = "HTTP status " + std::to_string(status);
  if (status == 401) return credential_refused(kWhat, code);
  if (status == 403)
    return error(Code::kFailedPrecondition, "target_permission", "RabbitMQ refused: " + code);
  if (status >= 500 || status == 429)
    return error(Code::kUnavailable, "target_busy", "RabbitMQ is busy: " + code);
  return error(Code::kFailedPrecondition, "target_refused", "RabbitMQ refused: " + code);
}

Error of_client(const Error& error) {
  if (error.code == Code::kUnavailable) return unreachable(kWhat);
  if (error.code == Code::kDeadlineExceeded) return too_slow(kWhat);
  return kw::error(Code::kFailedPrecondition, error.reason, error.message);
}

// RFC 3986: everything but unreserved characters, so that a name stays one segment.
std::string segment(std::string_view text) {
  std::string made;
  for (const char each : text) {
    const bool plain = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                       (each >= '0' && each <= '9') || each == '-' || each == '_' || each == '~';
    if (plain) {
      made += each;
    } else {
      made += "%" + codec::hex(as_bytes(std::string_view(&each, 1)));
    }
  }
  return made;
}

std::string text_of(const codec::JsonView& object, std::string_view name) {
  const auto text = object.text(name);
  return text ? std::string(*text) : std::string();
}

// A list since 3.9, a text before.
std::string tags_of(const codec::JsonView& user) {
  const auto tags = user.find("tags");
  if (!tags) return {};
  if (const auto text = tags->text()) return std::string(*text);
  std::string joined;
  for (const codec::JsonView& tag : tags->elements())
    if (const auto text = tag.text()) joined.append(joined.empty() ? "" : ",").append(*text);
  return joined;
}

Result<codec::JsonDocument> parsed(std::string_view body) {
  codec::JsonLimits limits;
  limits.bytes_max = 64 << 20;
  limits.tokens_max = 4'000'000;
  auto document = codec::JsonDocument::parse(body, limits);
  if (document) return document;
  return error(Code::kUnavailable, "target_busy", "RabbitMQ answered something that is no JSON");
}

}  // namespace

Result<RabbitmqApi> RabbitmqApi::open(const ServerAddress& address,
                                      const secrets::Credential& credential, SteadyTime deadline) {
  KW_TRY(const WipedText password, credential_text(credential.secret));
  if (credential.principal.find(':') != std::string::npos)
    return bad_setting("a user who calls the management interface has no ':' in his name");
  WipedText pair;
  pair.reserve(credential.principal.size() + password.size() + 64);
  pair.append(credential.principal).append(":").append(password);
  WipedText authorization("Basic ");
  authorization.append(codec::wiped_base64(as_bytes(std::string_view(pair))));
  const bool bare_v6 = address.host.find(':') != std::string::npos;
  const std::string host = bare_v6 ? "[" + address.host + "]" : address.host;
  return RabbitmqApi(
      (address.tls ? "https://" : "http://") + host + ":" + std::to_string(address.port) + "/api",
      address.ca_file, std::move(authorization), deadline);
}

// A client per request: its time limit is what is left.
Result<RabbitmqApi::Answer> RabbitmqApi::call(const char* method, const std::string& path,
                                              std::string_view body) {
  const auto left = left_until(deadline_);
  if (left.count() == 0) return too_slow(kWhat);
  net::ClientOptions options;
  options.base_url = base_;
  options.ca_file = ca_file_;
  options.timeout = left;
  auto client = net::HttpClient::create(std::move(options));
  if (!client) return of_client(client.error());
  net::ClientRequest request;
  request.method = method;
  request.path = path;
  request.authorization = authorization_;
  request.body = body;
  auto response = client->send(request);
  if (!response) return of_client(response.error());
  if (response->status >= 400 && response->status != 404) return error_of(response->status);
  return Answer{response->status, std::move(response->body)};
}

Status RabbitmqApi::change(const char* method, const std::string& path, std::string_view body) {
  KW_TRY(const Answer answer, call(method, path, body));
  const bool gone = answer.status == 404;
  if (!gone || std::string_view(method) == "DELETE") return ok();
  return error(Code::kNotFound, "principal_missing",
               "RabbitMQ has no such user or virtual host any more");
}

Result<std::optional<RabbitmqUser>> RabbitmqApi::user(std::string_view name) {
  KW_TRY(const Answer answer, call("GET", "/users/" + segment(name)));
  if (answer.status == 404) return std::optional<RabbitmqUser>();
  KW_TRY(const auto document, parsed(answer.body));
  const codec::JsonView root = document.root();
  return std::optional(RabbitmqUser{text_of(root, "password_hash"),
                                    text_of(root, "hashing_algorithm"), tags_of(root)});
}

Result<std::vector<std::string>> RabbitmqApi::users() {
  KW_TRY(const Answer answer, call("GET", "/users?columns=name"));
  KW_TRY(const auto document, parsed(answer.body));
  std::vector<std::string> names;
  for (const codec::JsonView& each : document.root().elements())
    names.push_back(text_of(each, "name"));
  return names;
}

Status RabbitmqApi::put_user(std::string_view name, const RabbitmqUser& user) {
  codec::JsonWriter body;
  body.begin_object().member("password_hash", user.password_hash);
  if (!user.algorithm.empty()) body.member("hashing_algorithm", user.algorithm);
  body.member("tags", user.tags).end_object();
  return change("PUT", "/users/" + segment(name), body.text());
}

Status RabbitmqApi::delete_user(std::string_view name) {
  return change("DELETE", "/users/" + segment(name));
}

Result<std::vector<RabbitmqPermission>> RabbitmqApi::permissions(std::string_view name) {
  std::vector<RabbitmqPermission> found;
  for (const char* kind : {"/permissions", "/topic-permissions"}) {
    KW_TRY(const Answer answer, call("GET", "/users/" + segment(name) + kind));
    if (answer.status == 404) continue;
    KW_TRY(const auto document, parsed(answer.body));
    for (const codec::JsonView& each : document.root().elements())
      found.push_back({text_of(each, "vhost"), text_of(each, "exchange"),
                       text_of(each, "configure"), text_of(each, "write"), text_of(each, "read")});
  }
  return found;
}

Status RabbitmqApi::put_permission(std::string_view name, const RabbitmqPermission& permission) {
  const std::string place = segment(permission.vhost) + "/" + segment(name);
  codec::JsonWriter body;
  body.begin_object();
  if (!permission.exchange.empty()) {
    body.member("exchange", permission.exchange);
  } else {
    body.member("configure", permission.configure);
  }
  body.member("write", permission.write).member("read", permission.read).end_object();
  return change("PUT",
                (permission.exchange.empty() ? "/permissions/" : "/topic-permissions/") + place,
                body.text());
}

Result<std::vector<std::string>> RabbitmqApi::connections(std::string_view name) {
  KW_TRY(const Answer answer, call("GET", "/connections/username/" + segment(name)));
  std::vector<std::string> names;
  if (answer.status == 404) return names;
  KW_TRY(const auto document, parsed(answer.body));
  for (const codec::JsonView& each : document.root().elements())
    names.push_back(text_of(each, "name"));
  return names;
}

}  // namespace kw::connectors
