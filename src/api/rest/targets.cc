#include "service/targets.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "api/rest/secret_json.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using secrets::Target;

void write_settings(JsonWriter& json, std::string_view name, const secrets::Settings& settings) {
  json.name(name).begin_object();
  for (const auto& [key, value] : settings) json.member(key, value);
  json.end_object();
}

void write_target(JsonWriter& json, const Target& target) {
  json.begin_object().member("name", target.name).member("tenant", target.tenant_name);
  json.member("connector", target.connector);
  write_settings(json, "settings", target.settings);
  if (!target.admin_secret.empty()) json.member("admin_secret", target.admin_secret);
  write_time(json, "created_at", target.created_at);
  json.member("epoch", target.epoch).end_object();
}

Answer target_answer(const Target& target) {
  JsonWriter json;
  write_target(json, target);
  Answer answer = json_answer(json);
  answer.etag = target.etag();
  return answer;
}

Answer secret_answer(const secrets::Secret& secret) {
  JsonWriter json;
  write_secret(json, secret);
  Answer answer = json_answer(json);
  answer.etag = secret.etag();
  return answer;
}

Result<secrets::Settings> settings_of(const JsonView& body, std::string_view name) {
  secrets::Settings settings;
  const auto object = body.find(name);
  if (!object) return settings;
  if (object->kind() != JsonView::Kind::kObject)
    return error(Code::kInvalidArgument, "json_type", "settings are an object of texts");
  for (const auto& [key, value] : object->members()) {
    KW_TRY(const std::string_view text, value.text());
    settings.emplace(key, text);
  }
  return settings;
}

std::string_view outcome_word(secrets::Outcome outcome) {
  if (outcome == secrets::Outcome::kOk) return "ok";
  return outcome == secrets::Outcome::kUnknown ? "unknown" : "failed";
}

std::string_view meter_word(rotation::Drain::Quality quality) {
  if (quality == rotation::Drain::Quality::kExact) return "exact";
  return quality == rotation::Drain::Quality::kByAge ? "by_age" : "none";
}

void write_capabilities(JsonWriter& json, const secrets::Capabilities& can) {
  json.name("capabilities").begin_object().member("slots", can.slots);
  json.member("native_overlap", can.native_overlap);
  json.member("principal_per_version", can.principal_per_version);
  json.member("self_generates", can.self_generates).member("soft_disable", can.soft_disable);
  json.member("sessions_survive_revoke", can.sessions_survive_revoke);
  json.member("ends_sessions", can.ends_sessions);
  json.member("consumer_takes", can.consumer_takes);
  json.member("meter", meter_word(can.meter));
  json.member("propagation_seconds", static_cast<std::int64_t>(can.propagation.count()));
  json.member("lockout_threshold", can.lockout_threshold).end_object();
}

void write_rules(JsonWriter& json, std::string_view name,
                 std::span<const secrets::SettingRule> rules) {
  json.name(name).begin_array();
  for (const secrets::SettingRule& rule : rules) {
    json.begin_object().member("name", rule.name).member("meaning", rule.meaning);
    json.member("required", rule.required);
    if (!rule.otherwise.empty()) json.member("default", rule.otherwise);
    json.end_object();
  }
  json.end_array();
}

service::KeptAnswer kept_secret(const secrets::Secret& secret) {
  return kept(secret_answer(secret));
}

}  // namespace

namespace handlers {

Result<Answer> target_put(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"connector", "settings", "admin_secret"}));
  const JsonView body = document.root();
  Target wanted;
  KW_TRY(const std::string_view connector, body.text("connector"));
  wanted.connector = connector;
  KW_TRY(wanted.settings, settings_of(body, "settings"));
  KW_TRY(wanted.admin_secret, text_or(body, "admin_secret", ""));
  KW_TRY(const ObjectName name, exchange.object_name("target"));
  KW_TRY(const Target target,
         service::put_target(exchange.house, exchange.call, name, wanted,
                             [](const Target& made) { return kept(target_answer(made)); }));
  return target_answer(target);
}

Result<Answer> target_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"after", "limit"}));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  KW_TRY(const auto targets,
         service::list_targets(exchange.house, exchange.call,
                               exchange.query_text("after").value_or(""), static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const Target& target : targets) write_target(json, target);
  json.end_array();
  if (static_cast<std::int64_t>(targets.size()) == limit) json.member("next", targets.back().name);
  json.end_object();
  return json_answer(json);
}

Result<Answer> target_show(Exchange& exchange) {
  KW_TRY(const Target target, service::show_target(exchange.house, exchange.call));
  return target_answer(target);
}

Result<Answer> target_remove(Exchange& exchange) {
  KW_OK(service::remove_target(exchange.house, exchange.call, kept_no_content));
  return no_content();
}

Result<Answer> target_test(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const auto report, service::test_target(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().member("target", report.target.name);
  json.member("connector", report.target.connector);
  write_capabilities(json, report.capabilities);
  json.name("items").begin_array();
  for (const secrets::ProbeRow& row : report.rows) {
    json.begin_object().member("probe", row.what).member("outcome", outcome_word(row.outcome));
    if (!row.subject.empty()) json.member("secret", row.subject);
    if (!row.reason.empty()) json.member("reason", row.reason).member("detail", row.detail);
    json.end_object();
  }
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> connector_list(Exchange& exchange) {
  KW_TRY(const secrets::Connectors* connectors,
         service::list_connectors(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const auto& each : *connectors) {
    json.begin_object().member("name", each->name());
    write_rules(json, "target_settings", each->system_rules());
    write_rules(json, "account_settings", each->account_rules());
    json.member("dynamic", each->issuer() != nullptr);
    if (each->issuer() != nullptr) write_rules(json, "role_settings", each->issuer()->role_rules());
    json.end_object();
  }
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> secret_bind(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"target", "account"}));
  KW_TRY(const std::string_view text, document.root().text("target"));
  KW_TRY(const ObjectName target, ObjectName::parse(text));
  KW_TRY(const secrets::Settings account, settings_of(document.root(), "account"));
  KW_TRY(const secrets::Secret secret,
         service::bind_secret(exchange.house, exchange.call, target.text(), account, kept_secret));
  return secret_answer(secret);
}

Result<Answer> secret_unbind(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const secrets::Secret secret,
         service::unbind_secret(exchange.house, exchange.call, kept_secret));
  return secret_answer(secret);
}

}  // namespace handlers

}  // namespace kw::api::rest
