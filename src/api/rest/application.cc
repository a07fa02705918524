#include "api/rest/application.h"

#include <atomic>

#include "api/rest/handlers.h"
#include "api/rest/problem.h"
#include "api/rest/router.h"
#include "api/rest/schemas.h"
#include "codec/base64.h"
#include "crypto/random.h"
#include "observe/names.h"
#include "service/auditing.h"
#include "service/entry.h"
#include "service/worker_pool.h"

namespace kw::api::rest {

namespace {

constexpr std::size_t kWorkerQueue = 4096;

// What admission found out, carried to the handler.
struct Admitted {
  service::Call call;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string query;
  std::string if_match;
  std::string last_event_id;
  SignatureHeaders signature;
  std::string if_none_match;
  std::string peer_certificate_sha256;
};

// The member of the body that names the object, where the path does not.
std::string_view named_in_body(service::OperationId id) {
  using service::OperationId;
  switch (id) {
    case OperationId::key_create:
    case OperationId::key_import:
    case OperationId::tenant_create:
    case OperationId::principal_create:
    case OperationId::run_start:
    case OperationId::hook_create:
      return "name";
    case OperationId::token_create:
      return "principal";
    case OperationId::job_start:
      return "store";
    default:
      return "";
  }
}

// The object that policies match: the path parameter that names it.
std::string object_of(const Match& match) {
  for (const std::string_view name :
       {"key", "alias", "policy", "principal", "consumer", "accessor", "approval", "job", "run",
        "hook", "incident", "ceremony", "path", "target", "lease_role", "lease"})
    if (const std::string_view value = match.parameter(name); !value.empty())
      return std::string(value);
  return std::string(match.operation->kind == "tenant" ? match.parameter("tenant") : "");
}

// Names are parsed once, here: nothing behind sees an ill-formed one.
Status check_names(const Match& match) {
  if (const auto tenant = match.parameter("tenant"); !tenant.empty())
    KW_OK(TenantName::parse(tenant));
  for (const std::string_view name : {"key", "alias", "policy", "principal", "consumer", "target", "lease_role"})
    if (const auto value = match.parameter(name); !value.empty()) KW_OK(ObjectName::parse(value));
  if (const auto path = match.parameter("path"); !path.empty()) KW_OK(SecretPath::parse(path));
  for (const std::string_view name : {"accessor", "approval", "job", "run", "hook", "incident", "ceremony", "lease"})
    if (const auto value = match.parameter(name); !value.empty()) KW_OK(JobId::parse(value));
  return ok();
}

Result<std::string> token_like(const net::RequestHead& head, std::string_view header,
                               std::size_t size_max) {
  const int count = head.header_count(header);
  if (count == 0) return std::string();
  const std::string_view text = head.header(header);
  const bool fits =
      count == 1 && !text.empty() && text.size() <= size_max &&
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
          std::string_view::npos;
  if (!fits)
    return error(Code::kInvalidArgument, "bad_header",
                 std::string(header) + " has a form that is not allowed");
  return std::string(text);
}

// Where the path names neither tenant nor object, policies match what query and body name. That is
// all that is read of a body before permission is given; one that cannot be read names nothing.
Status name_object(Exchange& exchange) {
  service::Call& call = exchange.call;
  for (const QueryParameter& known : query_parameters(call.operation->id)) {
    const auto tenant = exchange.query_text("tenant");
    if (known.name != "tenant" || !tenant) continue;
    KW_OK(TenantName::parse(*tenant));
    call.tenant = std::string(*tenant);
  }
  const std::string_view member = named_in_body(call.operation->id);
  if (member.empty()) return ok();
  const auto body = codec::JsonDocument::parse({exchange.body.data(), exchange.body.size()});
  if (!body) return ok();
  const auto text = body->root().text(member);
  if (text && SecretPath::parse(*text)) call.object = std::string(*text);
  return ok();
}

net::Response response_of(const Result<Answer>& outcome, const service::Call& call) {
  net::Response response;
  response.headers.emplace_back("Keywright-Request-Id", call.request_id);
  if (outcome) {
    response.status = outcome->status;
    response.content_type = outcome->content_type;
    response.body = outcome->body;
    if (!outcome->etag.empty()) response.headers.emplace_back("ETag", outcome->etag);
    for (const auto& header : outcome->headers) response.headers.push_back(header);
    return response;
  }
  if (outcome.error().reason != "already_done" || !call.details.earlier)
    return problem(outcome.error(), call.request_id, &call.details);
  const service::KeptAnswer& earlier = *call.details.earlier;
  response.status = earlier.status;
  response.content_type = "application/json";
  response.body.assign(earlier.body);
  response.headers.emplace_back("Keywright-Replayed", "true");
  if (!earlier.etag.empty()) response.headers.emplace_back("ETag", earlier.etag);
  return response;
}

}  // namespace

struct Application::State {
  State(service::House& h, const ApplicationOptions& o)
      : house(h),
        options(o),
        streams(h.changes),
        consumer_streams(h.changes, h.clock),
        sources(h.clock, o.per_source),
        callers(h.clock, o.per_caller),
        tenants(h.clock, o.per_tenant),
        workers(o.workers, kWorkerQueue),
        limited(
            h.metrics.counter(observe::names::kRateLimited, "requests refused by a rate limit")) {}

  Result<std::shared_ptr<const auth::Principal>> authenticate(const net::RequestHead& head) const {
    const std::string_view header = head.header("Authorization");
    const std::string certificate =
        head.peer_certificate ? codec::hex(head.peer_certificate->sha256) : "";
    if (header.starts_with("Bearer "))
      return house.access.authenticate_token(header.substr(7), certificate);
    if (!header.empty())
      return error(Code::kUnauthenticated, "token_invalid", "Authorization is \"Bearer <token>\"");
    if (head.peer_certificate == nullptr)
      return error(Code::kUnauthenticated, "token_missing", "send a token or a client certificate");
    std::vector<std::string> names = head.peer_certificate->dns_names;
    names.insert(names.end(), head.peer_certificate->uris.begin(),
                 head.peer_certificate->uris.end());
    return house.access.authenticate_certificate(names, certificate);
  }

  // Everything that can be decided from the head alone.
  Status admit(const net::RequestHead& head, Admitted& admitted) {
    service::Call& call = admitted.call;
    KW_OK(sources.take(head.peer_address));
    KW_TRY(const Match match, router.match(head.method, head.path));
    KW_OK(check_names(match));
    call.operation = match.operation;
    call.path = std::string(head.path);
    // What the query names is part of what an approval and an Idempotency-Key are for.
    if (!head.query.empty()) call.path.append("?").append(head.query);
    call.tenant = std::string(match.parameter("tenant"));
    call.object = object_of(match);
    for (const auto& [name, value] : match.parameters)
      admitted.parameters.emplace_back(name, value);
    if (match.operation->plane != service::Plane::kPublic) {
      KW_OK(service::require_open(house));
      KW_TRY(call.caller, authenticate(head));
      KW_OK(callers.take(call.caller->name));
      if (!call.tenant.empty()) KW_OK(tenants.take(call.tenant));
    }
    KW_TRY(call.approval, token_like(head, "Keywright-Approval", 64));
    if (match.operation->method != "GET") {
      KW_TRY(call.idempotency_key, token_like(head, "Idempotency-Key", 128));
    }
    admitted.query = std::string(head.query);
    admitted.if_match = std::string(head.header("If-Match"));
    admitted.last_event_id = std::string(head.header("Last-Event-ID"));
    admitted.signature = {std::string(head.header("webhook-id")),
                          std::string(head.header("webhook-timestamp")),
                          std::string(head.header("webhook-signature"))};
    admitted.if_none_match = std::string(head.header("If-None-Match"));
    if (head.peer_certificate)
      admitted.peer_certificate_sha256 = codec::hex(head.peer_certificate->sha256);
    return ok();
  }

  // Stored with approvals and kept answers: keyed, so that no short secret in a body can be guessed
  // from it. While sealed nothing is stored.
  crypto::Digest256 digest_of(ByteView body) const {
    const auto key = house.barrier.derive("request-body");
    return key ? crypto::hmac_sha256(*key, body) : crypto::sha256(body);
  }

  void work(const std::shared_ptr<Admitted>& admitted, WipedText body, net::Reply reply);

  service::House& house;
  ApplicationOptions options;
  Router router;
  service::EventStreams streams;
  service::ConsumerStreams consumer_streams;
  service::RateLimiter sources, callers, tenants;
  service::WorkerPool workers;
  observe::Counter& limited;
};

Application::Application(service::House& house, ApplicationOptions options)
    : state_(std::make_unique<State>(house, options)) {}
Application::~Application() = default;

net::Application::Admission Application::admit(const net::RequestHead& head) {
  auto admitted = std::make_shared<Admitted>();
  admitted->call.request_id = crypto::random_id<RequestId>().text();
  admitted->call.peer = std::string(head.peer_address);
  admitted->call.started = state_->house.clock.steady();
  Admission admission;
  if (const Status allowed = state_->admit(head, *admitted); !allowed) {
    if (allowed.error().reason == "rate_limited") state_->limited.add();
    // A refused caller without an operation (no such route) has nothing to record against.
    if (admitted->call.operation != nullptr && allowed.error().code == Code::kUnauthenticated)
      service::record(state_->house, admitted->call, allowed, 0, 0, [](const Status&) {});
    admission.refusal = problem(allowed.error(), admitted->call.request_id);
    return admission;
  }
  const bool open = admitted->call.operation->plane == service::Plane::kPublic;
  admission.body_max = open ? state_->options.public_body_max : state_->options.body_max;
  admission.context = std::move(admitted);
  return admission;
}

void Application::handle(net::Request request, net::Reply reply) {
  auto admitted = std::static_pointer_cast<Admitted>(request.context);
  if (admitted->call.operation->plane == service::Plane::kUse) {
    handle_use(state_->house, std::move(admitted->call), request.body, std::move(reply));
    return;
  }
  // Workers outlive neither the reply nor the body: both move along.
  auto body = std::make_shared<WipedText>(request.body);
  auto shared_reply = std::make_shared<net::Reply>(std::move(reply));
  State* state = state_.get();
  const Status posted = state->workers.post([state, admitted, body, shared_reply] {
    state->work(admitted, std::move(*body), std::move(*shared_reply));
  });
  if (!posted) shared_reply->send(problem(posted.error(), admitted->call.request_id));
}

void Application::State::work(const std::shared_ptr<Admitted>& admitted, WipedText body,
                              net::Reply reply) {
  admitted->call.body_digest = digest_of(as_bytes({body.data(), body.size()}));
  Exchange exchange{house,
                    streams,
                    std::move(admitted->call),
                    std::move(admitted->parameters),
                    {},
                    std::move(body),
                    std::move(admitted->if_match),
                    std::move(admitted->last_event_id),
                    std::move(admitted->signature),
                    &reply,
                    false,
                    std::move(admitted->if_none_match)};
  exchange.consumer_streams = &consumer_streams;
  exchange.peer_certificate_sha256 = std::move(admitted->peer_certificate_sha256);
  const Result<Answer> outcome = [&]() -> Result<Answer> {
    KW_TRY(exchange.query, parse_query(admitted->query));
    KW_OK(name_object(exchange));
    KW_OK(service::enter(house, exchange.call));
    return dispatch(exchange);
  }();
  if (!exchange.streamed) reply.send(response_of(outcome, exchange.call));
}

}  // namespace kw::api::rest
