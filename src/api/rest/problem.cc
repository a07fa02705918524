#include "api/rest/problem.h"

#include "codec/json.h"

namespace kw::api::rest {

int http_status(const Error& failure) {
  if (failure.reason == "method_not_allowed") return 405;
  if (failure.reason == "stale_epoch") return 412;
  if (failure.reason == "idempotency_mismatch") return 422;
  switch (failure.code) {
    case Code::kInvalidArgument:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kPermissionDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
    case Code::kAborted:
      return 409;
    case Code::kTooLarge:
      return 413;
    case Code::kResourceExhausted:
      return 429;
    case Code::kUnavailable:
      return 503;
    case Code::kDeadlineExceeded:
      return 504;
    case Code::kUnimplemented:
      return 501;
    case Code::kDataLoss:
    case Code::kInternal:
      return 500;
  }
  return 500;
}

namespace {

void write_details(codec::JsonWriter& json, const service::RefusalDetails& details) {
  if (!details.approval_id.empty()) {
    json.name("approval").begin_object();
    json.member("id", details.approval_id).member("needed", details.approvals_needed);
    json.end_object();
  }
  if (!details.run_id.empty()) json.member("run", details.run_id);
  if (!details.incident_id.empty()) json.member("incident", details.incident_id);
  if (!details.why.empty()) json.member("why", details.why);
  if (details.blockers.empty()) return;
  json.name("blockers").begin_array();
  for (const keys::Blocker& blocker : details.blockers) {
    json.begin_object().member("kind", blocker.kind).member("where", blocker.where);
    json.member("amount", blocker.amount).member("clears_when", blocker.clears_when).end_object();
  }
  json.end_array();
}

}  // namespace

net::Response problem(const Error& failure, std::string_view request_id,
                      const service::RefusalDetails* details) {
  net::Response response;
  response.status = http_status(failure);
  response.content_type = "application/problem+json";
  codec::JsonWriter json;
  json.begin_object();
  json.member("type", "urn:keywright:problem:" + failure.reason);
  json.member("title", code_name(failure.code)).member("status", response.status);
  json.member("reason", failure.reason).member("detail", failure.message);
  json.member("request_id", request_id);
  if (details != nullptr) write_details(json, *details);
  json.end_object();
  response.body = json.take();
  response.headers.emplace_back("Keywright-Request-Id", std::string(request_id));
  if (failure.retry_after)
    response.headers.emplace_back("Retry-After", std::to_string(failure.retry_after->count()));
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace kw::api::rest
