// Secrets that people renew by hand.
#include "service/secret_tasks.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "api/rest/run_json.h"
#include "api/rest/secret_value.h"

namespace kw::api::rest {

namespace {

using codec::JsonWriter;

Answer run_answer(const rotation::Run& run) {
  JsonWriter json;
  write_run(json, run);
  return json_answer(json, 202);
}

void write_task(JsonWriter& json, const service::SecretTask& each, WallTime now) {
  const secrets::Metadata& said = each.secret.metadata;
  std::string_view stage = rotation::task_stage(each.task, now);
  stage.remove_prefix(std::string_view("task_").size());
  json.begin_object().member("path", each.secret.path).member("tenant", each.secret.tenant_name);
  json.member("run", each.run.id.text()).member("stage", stage).member("owner", said.owner);
  json.member("description", said.description).member("instructions", said.instructions);
  if (!each.secret.target.empty()) json.member("target", each.secret.target);
  if (each.run.discarded > 0) json.member("refused", each.run.discarded);
  write_time(json, "opened_at", each.run.entered_at);
  write_time(json, "due_at", each.task.due_at);
  json.end_object();
}

}  // namespace

namespace handlers {

Result<Answer> secret_tasks(Exchange& exchange) {
  KW_OK(exchange.query_only({"path"}));
  const std::string path(exchange.query_text("path").value_or(""));
  if (!path.empty()) KW_OK(SecretPath::parse(path));
  KW_TRY(const auto tasks, service::list_secret_tasks(exchange.house, exchange.call, path));
  const WallTime now = exchange.house.clock.wall();
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const service::SecretTask& each : tasks) write_task(json, each, now);
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> secret_complete_task(Exchange& exchange) {
  KW_TRY(const auto document,
         exchange.body_object({"value", "text", "fields", "principal", "expires_at", "note"}));
  const codec::JsonView body = document.root();
  secrets::GivenByHand given;
  KW_TRY(given.value, given_value(body));
  if (given.value == nullptr)
    return error(Code::kInvalidArgument, "no_value", "say the new value, or its fields");
  KW_TRY(given.principal, text_or(body, "principal", ""));
  KW_TRY(given.note, text_or(body, "note", ""));
  if (body.has("expires_at")) {
    KW_TRY(const std::string_view time, body.text("expires_at"));
    KW_TRY(given.expires_at, parse_rfc3339(time));
  }
  KW_TRY(const rotation::Run run,
         service::complete_secret_task(
             exchange.house, exchange.call, given,
             [](const rotation::Run& going) { return kept(run_answer(going)); }));
  return run_answer(run);
}

}  // namespace handlers

}  // namespace kw::api::rest
