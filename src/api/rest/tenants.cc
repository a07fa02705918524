#include "service/tenants.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"

namespace kw::api::rest {

namespace {

using codec::JsonWriter;

Answer tenant_answer(const keys::Tenant& tenant, int status) {
  JsonWriter json;
  json.begin_object().member("name", tenant.name);
  write_time(json, "created_at", tenant.created_at);
  json.end_object();
  return json_answer(json, status);
}

Answer job_answer(const keys::Job& job, int status) {
  JsonWriter json;
  write_job(json, job);
  return json_answer(json, status);
}

std::string_view kek_state_name(seal::KekState state) {
  switch (state) {
    case seal::KekState::kPrimary:
      return "primary";
    case seal::KekState::kRetiring:
      return "retiring";
    case seal::KekState::kRetired:
      return "retired";
    case seal::KekState::kPending:
      return "pending";
  }
  return "pending";
}

}  // namespace

namespace handlers {

Result<Answer> tenant_create(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"name"}));
  KW_TRY(const std::string_view text, body.root().text("name"));
  KW_TRY(const TenantName name, TenantName::parse(text));
  exchange.call.object = name.text();
  KW_TRY(const keys::Tenant tenant,
         service::create_tenant(exchange.house, exchange.call, name, [](const keys::Tenant& made) {
           return kept(tenant_answer(made, 201));
         }));
  return tenant_answer(tenant, 201);
}

Result<Answer> tenant_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"after", "limit"}));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  KW_TRY(const auto tenants,
         service::list_tenants(exchange.house, exchange.call,
                               exchange.query_text("after").value_or(""), static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const keys::Tenant& tenant : tenants) {
    json.begin_object().member("name", tenant.name);
    write_time(json, "created_at", tenant.created_at);
    json.end_object();
  }
  json.end_array();
  if (static_cast<std::int64_t>(tenants.size()) == limit) json.member("next", tenants.back().name);
  json.end_object();
  return json_answer(json);
}

Result<Answer> tenant_show(Exchange& exchange) {
  KW_TRY(const keys::Tenant tenant, service::show_tenant(exchange.house, exchange.call));
  return tenant_answer(tenant, 200);
}

Result<Answer> kek_list(Exchange& exchange) {
  KW_TRY(const auto versions, service::list_keks(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const seal::KekVersion& kek : versions) {
    json.begin_object().member("version", kek.version).member("state", kek_state_name(kek.state));
    write_time(json, "created_at", kek.created_at);
    json.end_object();
  }
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> kek_rotate(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const keys::Job job,
         service::rotate_kek(exchange.house, exchange.call, [](const keys::Job& started) {
           return kept(job_answer(started, 202));
         }));
  return job_answer(job, 202);
}

}  // namespace handlers

}  // namespace kw::api::rest
