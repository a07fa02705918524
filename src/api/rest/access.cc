#include "service/access.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "codec/base64.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;

Result<std::vector<auth::Grant>> read_grants(const JsonView& body) {
  KW_TRY(const JsonView list, body.member("grants"));
  if (list.kind() != JsonView::Kind::kArray)
    return error(Code::kInvalidArgument, "json_type",
                 "\"grants\" is an array of {\"role\", \"tenant\"}");
  std::vector<auth::Grant> grants;
  for (const JsonView& entry : list.elements()) {
    KW_OK(only_members(entry, {"role", "tenant"}));
    KW_TRY(const std::string_view role_text, entry.text("role"));
    KW_TRY(const auth::Role role, auth::parse_role(role_text));
    KW_TRY(const std::string_view tenant, entry.text("tenant"));
    if (tenant != "*") KW_OK(TenantName::parse(tenant));
    if (grants.size() == 256)
      return error(Code::kInvalidArgument, "out_of_range", "at most 256 grants");
    grants.push_back({role, std::string(tenant)});
  }
  return grants;
}

Result<std::string> certificate_name(const JsonView& body) {
  KW_TRY(std::string name, text_or(body, "certificate_name", ""));
  if (name.size() > 512)
    return error(Code::kInvalidArgument, "out_of_range",
                 "a certificate name has at most 512 bytes");
  return name;
}

void write_principal(JsonWriter& json, const auth::PrincipalRecord& record) {
  json.begin_object().member("name", record.name);
  write_grants(json, record.grants);
  json.member("certificate_name", record.certificate_name).member("disabled", record.disabled);
  json.member("epoch", record.epoch).end_object();
}

Answer principal_answer(const auth::PrincipalRecord& record, int status) {
  JsonWriter json;
  write_principal(json, record);
  Answer answer = json_answer(json, status);
  answer.etag = "\"" + std::to_string(record.epoch) + "\"";
  return answer;
}

Answer approval_answer(const auth::Approval& approval) {
  JsonWriter json;
  write_approval(json, approval);
  return json_answer(json);
}

Result<Answer> cast_vote(Exchange& exchange, service::Vote choice) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const ApprovalId id, ApprovalId::parse(exchange.parameter("approval")));
  KW_TRY(const auth::Approval approval,
         service::vote(exchange.house, exchange.call, id, choice,
                       [](const auth::Approval& now) { return kept(approval_answer(now)); }));
  return approval_answer(approval);
}

Result<std::optional<auth::ApprovalState>> state_filter(const Exchange& exchange) {
  const auto text = exchange.query_text("state");
  if (!text) return std::optional<auth::ApprovalState>();
  for (int i = 0; i <= static_cast<int>(auth::ApprovalState::kExpired); ++i)
    if (const auto state = static_cast<auth::ApprovalState>(i);
        auth::approval_state_name(state) == *text)
      return std::optional(state);
  return error(Code::kInvalidArgument, "bad_query",
               "\"state\" is open, approved, rejected, spent or expired");
}

}  // namespace

namespace handlers {

Result<Answer> principal_create(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"name", "grants", "certificate_name"}));
  const JsonView body = document.root();
  KW_TRY(const std::string_view text, body.text("name"));
  KW_TRY(const ObjectName name, ObjectName::parse(text));
  KW_TRY(const std::vector<auth::Grant> grants, read_grants(body));
  KW_TRY(const std::string certificate, certificate_name(body));
  exchange.call.object = name.text();
  KW_TRY(const auth::PrincipalRecord record,
         service::create_principal(
             exchange.house, exchange.call, {name, grants, certificate},
             [](const auth::PrincipalRecord& made) { return kept(principal_answer(made, 201)); }));
  return principal_answer(record, 201);
}

Result<Answer> principal_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"after", "limit"}));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  KW_TRY(const auto records, service::list_principals(exchange.house, exchange.call,
                                                      exchange.query_text("after").value_or(""),
                                                      static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const auth::PrincipalRecord& record : records) write_principal(json, record);
  json.end_array();
  if (static_cast<std::int64_t>(records.size()) == limit) json.member("next", records.back().name);
  json.end_object();
  return json_answer(json);
}

Result<Answer> principal_update(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"grants", "disabled", "certificate_name"}));
  const JsonView body = document.root();
  service::PrincipalUpdate update;
  KW_TRY(update.expected_epoch, exchange.expected_epoch());
  if (body.has("grants")) {
    KW_TRY(update.grants, read_grants(body));
  }
  if (body.has("disabled")) {
    KW_TRY(update.disabled, body.boolean("disabled"));
  }
  if (body.has("certificate_name")) {
    KW_TRY(update.certificate_name, certificate_name(body));
  }
  KW_TRY(const auth::PrincipalRecord record,
         service::update_principal(
             exchange.house, exchange.call, update,
             [](const auth::PrincipalRecord& now) { return kept(principal_answer(now, 200)); }));
  return principal_answer(record, 200);
}

Result<Answer> token_create(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"principal", "ttl_seconds", "idle_seconds",
                                                    "certificate_sha256", "secret_id"}));
  const JsonView body = document.root();
  KW_TRY(const std::string_view text, body.text("principal"));
  KW_TRY(const ObjectName principal, ObjectName::parse(text));
  KW_TRY(const std::int64_t life, integer_or(body, "ttl_seconds", 3600, 60, 365LL * 24 * 3600));
  KW_TRY(const std::int64_t idle, integer_or(body, "idle_seconds", 0, 0, 365LL * 24 * 3600));
  KW_TRY(const std::string certificate, text_or(body, "certificate_sha256", ""));
  if (!certificate.empty()) {
    KW_TRY(const Bytes digest, codec::from_hex(certificate));
    if (digest.size() != 32)
      return error(Code::kInvalidArgument, "bad_hex", "a certificate's SHA-256 has 64 digits");
  }
  KW_TRY(const bool secret_id, boolean_or(body, "secret_id", false));
  exchange.call.object = principal.text();
  KW_TRY(const auth::IssuedToken token,
         service::issue_token(exchange.house, exchange.call,
                              {principal, std::chrono::seconds(life), std::chrono::seconds(idle),
                               certificate, secret_id}));
  JsonWriter json;
  json.begin_object().member("token", std::string_view(token.text.data(), token.text.size()));
  json.member("accessor", token.accessor);
  write_time(json, "expires_at", token.expires_at);
  json.end_object();
  return json_answer(json, 201);
}

Result<Answer> auth_exchange(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"role_id", "secret_id"}));
  KW_TRY(const std::string_view name, document.root().text("role_id"));
  KW_TRY(const ObjectName role, ObjectName::parse(name));
  KW_TRY(const std::string_view secret_id, document.root().text("secret_id"));
  KW_TRY(const auth::IssuedToken token,
         service::exchange_secret_id(exchange.house, exchange.call, role, secret_id,
                                     exchange.peer_certificate_sha256));
  const auto left = token.expires_at - exchange.house.clock.wall();
  JsonWriter json;
  json.begin_object().member("token", std::string_view(token.text.data(), token.text.size()));
  json.member("accessor", token.accessor);
  json.member("expires_in_seconds", std::chrono::duration_cast<std::chrono::seconds>(left).count());
  write_time(json, "expires_at", token.expires_at);
  json.end_object();
  return json_answer(json);
}

Result<Answer> token_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"principal", "after", "limit"}));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  KW_TRY(const auto records,
         service::list_tokens(exchange.house, exchange.call,
                              exchange.query_text("principal").value_or(""),
                              exchange.query_text("after").value_or(""), static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const auth::TokenRecord& record : records) {
    json.begin_object().member("accessor", record.accessor).member("principal", record.principal);
    write_time(json, "created_at", record.created_at);
    write_time(json, "expires_at", record.expires_at);
    write_time(json, "last_used_at", record.last_used_at);
    json.member("revoked", record.revoked).end_object();
  }
  json.end_array();
  if (static_cast<std::int64_t>(records.size()) == limit)
    json.member("next", records.back().accessor);
  json.end_object();
  return json_answer(json);
}

Result<Answer> token_self(Exchange& exchange) {
  KW_TRY(const auto who, service::who_am_i(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().member("principal", who->name).member("method", who->method);
  json.member("accessor", who->token_accessor);
  write_grants(json, who->grants);
  write_time(json, "expires_at", who->expires_at);
  json.end_object();
  return json_answer(json);
}

Result<Answer> token_revoke(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const TokenId accessor, TokenId::parse(exchange.parameter("accessor")));
  KW_OK(service::revoke_token(exchange.house, exchange.call, accessor.text(), kept_no_content));
  return no_content();
}

Result<Answer> access_policy_list(Exchange& exchange) {
  KW_TRY(const auto records, service::list_policies(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const auto& record : records)
    json.begin_object().member("name", record.name).member("policy", record.yaml).end_object();
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> access_policy_put(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"policy"}));
  KW_TRY(const std::string_view yaml, body.root().text("policy"));
  KW_TRY(const ObjectName name, exchange.object_name("policy"));
  KW_OK(service::put_policy(exchange.house, exchange.call, name, yaml, kept_no_content));
  return no_content();
}

Result<Answer> access_policy_remove(Exchange& exchange) {
  KW_TRY(const ObjectName name, exchange.object_name("policy"));
  KW_OK(service::remove_policy(exchange.house, exchange.call, name, kept_no_content));
  return no_content();
}

Result<Answer> approval_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "state", "limit"}));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  KW_TRY(const auto state, state_filter(exchange));
  KW_TRY(const auto approvals,
         service::list_approvals(exchange.house, exchange.call, state, static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const auth::Approval& approval : approvals) write_approval(json, approval);
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> approval_show(Exchange& exchange) {
  KW_TRY(const ApprovalId id, ApprovalId::parse(exchange.parameter("approval")));
  KW_TRY(const auth::Approval approval, service::show_approval(exchange.house, exchange.call, id));
  return approval_answer(approval);
}

Result<Answer> approval_approve(Exchange& exchange) {
  return cast_vote(exchange, service::Vote::kApprove);
}
Result<Answer> approval_reject(Exchange& exchange) {
  return cast_vote(exchange, service::Vote::kReject);
}

}  // namespace handlers

}  // namespace kw::api::rest
