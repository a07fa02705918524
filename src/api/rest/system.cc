#include "api/rest/handlers.h"
#include "service/diagnosis.h"
#include "service/sealing.h"

namespace kw::api::rest::handlers {

using codec::JsonWriter;

Result<Answer> sys_health(Exchange& exchange) {
  JsonWriter json;
  json.begin_object().member("status", "ok").member("version", exchange.house.options.version);
  json.member("sealed", exchange.house.barrier.sealed()).end_object();
  return json_answer(json);
}

Result<Answer> sys_ready(Exchange& exchange) {
  KW_OK(service::require_open(exchange.house));
  if (!exchange.house.accesses.healthy())
    return error(Code::kUnavailable, "audit_unavailable", "the access log cannot be written");
  JsonWriter json;
  json.begin_object().member("ready", true).end_object();
  return json_answer(json);
}

Result<Answer> sys_openapi(Exchange& exchange) {
  Answer answer;
  answer.body.assign(openapi_json(exchange.house.options.version));
  return answer;
}

Result<Answer> sys_metrics(Exchange& exchange) {
  KW_TRY(const std::string text, service::metrics_text(exchange.house, exchange.call));
  Answer answer;
  answer.body.assign(text);
  answer.content_type = "text/plain; version=0.0.4";
  return answer;
}

Result<Answer> sys_diagnosis(Exchange& exchange) {
  KW_TRY(const auto checks, service::diagnose(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("checks").begin_array();
  for (const service::Check& check : checks) {
    json.begin_object().member("id", check.id).member("group", check.group);
    json.member("status", service::check_status_name(check.status)).member("text", check.text);
    json.member("fix", check.fix).end_object();
  }
  json.end_array().end_object();
  return json_answer(json);
}

}  // namespace kw::api::rest::handlers
