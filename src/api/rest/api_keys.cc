// API keys that tenants issue.
#include "service/api_keys.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "base/reveal.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using secrets::ApiKey;
using secrets::ApiKeyState;

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::int64_t kLifeMax = 3650 * kDay, kGraceMax = 90 * kDay, kGraceUsual = 7 * kDay;

void write_api_key(JsonWriter& json, const ApiKey& key) {
  json.member("id", key.id.text()).member("client", key.client).member("number", key.number);
  json.member("state", secrets::api_key_state_name(key.state));
  write_time(json, "created_at", key.created_at);
  write_time(json, "expires_at", key.expires_at);
  json.member("uses", key.uses);
  write_time(json, "last_used_at", key.last_used);
}

Answer api_key_answer(const ApiKey& key) {
  JsonWriter json;
  json.begin_object();
  write_api_key(json, key);
  json.end_object();
  return json_answer(json);
}

Answer issued_answer(const secrets::IssuedApiKey& issued) {
  JsonWriter json;
  json.begin_object().member("api_key", as_text(issued.text.reveal(Reveal{})));
  write_api_key(json, issued.key);
  json.end_object();
  return json_answer(json, 201);
}

struct Order {
  ObjectName client;
  service::ApiKeyTerms terms;
};
Result<Order> read_order(const JsonView& body) {
  KW_TRY(const std::string_view text, body.text("client"));
  KW_TRY(ObjectName client, ObjectName::parse(text));
  KW_TRY(const std::int64_t life, integer_or(body, "ttl_seconds", 0, 0, kLifeMax));
  KW_TRY(const std::int64_t grace, integer_or(body, "grace_seconds", kGraceUsual, 0, kGraceMax));
  return Order{std::move(client), {std::chrono::seconds(life), std::chrono::seconds(grace)}};
}

Result<Answer> moved(Exchange& exchange, ApiKeyState to) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const secrets::ApiKeyId id, secrets::ApiKeyId::parse(exchange.call.object));
  KW_TRY(const ApiKey key,
         service::move_api_key(exchange.house, exchange.call, id, to,
                               [](const ApiKey& now) { return kept(api_key_answer(now)); }));
  return api_key_answer(key);
}

}  // namespace

namespace handlers {

Result<Answer> api_key_issue(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"client", "ttl_seconds"}));
  KW_TRY(const Order order, read_order(body.root()));
  exchange.call.object = order.client.text();
  KW_TRY(const auto issued,
         service::issue_api_key(exchange.house, exchange.call, order.client, order.terms));
  return issued_answer(issued);
}

Result<Answer> api_key_rotate(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"client", "ttl_seconds", "grace_seconds"}));
  KW_TRY(const Order order, read_order(body.root()));
  exchange.call.object = order.client.text();
  KW_TRY(const auto issued,
         service::rotate_api_key(exchange.house, exchange.call, order.client, order.terms));
  return issued_answer(issued);
}

Result<Answer> api_key_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"client"}));
  KW_TRY(const auto all, service::list_api_keys(exchange.house, exchange.call,
                                                exchange.query_text("client").value_or("")));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const ApiKey& key : all) {
    json.begin_object();
    write_api_key(json, key);
    json.end_object();
  }
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> api_key_suspend(Exchange& exchange) {
  return moved(exchange, ApiKeyState::kSuspended);
}

Result<Answer> api_key_restore(Exchange& exchange) {
  return moved(exchange, ApiKeyState::kLive);
}

Result<Answer> api_key_revoke(Exchange& exchange) {
  return moved(exchange, ApiKeyState::kRevoked);
}

Result<Answer> api_key_verify(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"api_key"}));
  KW_TRY(const std::string_view text, body.root().text("api_key"));
  KW_TRY(const auto found, service::verify_api_key(exchange.house, exchange.call, as_bytes(text)));
  JsonWriter json;
  json.begin_object().member("valid", found.has_value());
  if (found) {
    json.member("id", found->id.text()).member("client", found->client);
    json.member("number", found->number);
    write_time(json, "expires_at", found->expires_at);
  }
  json.end_object();
  return json_answer(json);
}

}  // namespace handlers

}  // namespace kw::api::rest
