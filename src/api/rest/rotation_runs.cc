// Runs.
#include "service/rotation_runs.h"

#include "api/rest/handlers.h"
#include "api/rest/run_json.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using rotation::Run;

Answer run_answer(const Run& run, int status = 200) {
  JsonWriter json;
  write_run(json, run);
  return json_answer(json, status);
}

Answer vote_answer(const service::RunVote& vote) {
  JsonWriter json;
  json.begin_object().name("run");
  write_run(json, vote.run);
  json.member("approval", vote.approval).member("approved", vote.approved);
  json.member("needed", vote.needed).end_object();
  return json_answer(json);
}

Result<Answer> steer(Exchange& exchange, service::RunSteering steering) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const RunId id, RunId::parse(exchange.parameter("run")));
  KW_TRY(const Run run, service::steer_run(exchange.house, exchange.call, id, steering,
                                           [](const Run& now) { return kept(run_answer(now)); }));
  return run_answer(run);
}

// "2026-11-20T13:00:00Z/<id>": after the run of this time and id.
Result<std::optional<rotation::RunCursor>> cursor_of(const Exchange& exchange) {
  const auto text = exchange.query_text("after");
  if (!text) return std::optional<rotation::RunCursor>();
  const auto slash = text->find('/');
  if (slash == text->npos)
    return error(Code::kInvalidArgument, "bad_query", "\"after\" is the cursor of the last page");
  KW_TRY(const WallTime at, parse_rfc3339(text->substr(0, slash)));
  KW_TRY(const RunId id, RunId::parse(text->substr(slash + 1)));
  return std::optional(rotation::RunCursor{at, id});
}

Result<rotation::RunFilter> filter_of(const Exchange& exchange) {
  rotation::RunFilter filter;
  KW_TRY(filter.after, cursor_of(exchange));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  filter.limit = static_cast<int>(limit);
  filter.open_only = exchange.query_text("open") == "true";
  if (const auto state = exchange.query_text("state")) {
    KW_TRY(filter.state, rotation::parse_run_state(*state));
  }
  const auto name = exchange.query_text("name");
  if (!name && exchange.query_text("kind"))
    return error(Code::kInvalidArgument, "bad_query", "\"kind\" says what kind \"name\" is of");
  if (name) {
    KW_TRY(std::string tenant, exchange.named_tenant());
    filter.subject = rotation::Subject{std::string(exchange.query_text("kind").value_or("key")),
                                       std::move(tenant), std::string(*name)};
  }
  return filter;
}

}  // namespace

namespace handlers {

Result<Answer> run_start(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto document,
         exchange.body_object({"kind", "name", "reason", "algorithm", "emergency"}));
  const JsonView body = document.root();
  service::RunOrder order;
  KW_TRY(order.subject.tenant, exchange.named_tenant());
  KW_TRY(order.subject.kind, text_or(body, "kind", "key"));
  KW_TRY(const std::string_view text, body.text("name"));
  KW_TRY(const SecretPath name, SecretPath::parse(text));
  order.subject.name = name.text();
  KW_TRY(order.reason, text_or(body, "reason", ""));
  KW_TRY(order.algorithm, text_or(body, "algorithm", ""));
  KW_TRY(order.emergency, boolean_or(body, "emergency", false));
  KW_TRY(const Run run,
         service::start_run(exchange.house, exchange.call, order,
                            [](const Run& made) { return kept(run_answer(made, 202)); }));
  return run_answer(run, 202);
}

Result<Answer> run_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "state", "open", "kind", "name", "after", "limit"}));
  KW_TRY(const rotation::RunFilter filter, filter_of(exchange));
  KW_TRY(const auto runs, service::list_runs(exchange.house, exchange.call, filter));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const Run& run : runs) write_run(json, run);
  json.end_array();
  if (static_cast<int>(runs.size()) == filter.limit)
    json.member("next", rfc3339(runs.back().created_at) + "/" + runs.back().id.text());
  json.end_object();
  return json_answer(json);
}

Result<Answer> run_show(Exchange& exchange) {
  KW_TRY(const RunId id, RunId::parse(exchange.parameter("run")));
  KW_TRY(const service::RunView view, service::show_run(exchange.house, exchange.call, id));
  JsonWriter json;
  write_run_view(json, view);
  return json_answer(json);
}

Result<Answer> run_approve(Exchange& exchange) {
  KW_TRY(const auto document, exchange.body_object({"plan_hash"}));
  KW_TRY(const std::string_view plan_hash, document.root().text("plan_hash"));
  KW_TRY(const RunId id, RunId::parse(exchange.parameter("run")));
  KW_TRY(const service::RunVote vote,
         service::approve_run(exchange.house, exchange.call, id, plan_hash,
                              [](const service::RunVote& now) { return kept(vote_answer(now)); }));
  return vote_answer(vote);
}

Result<Answer> rotation_clock_confirm(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_OK(service::confirm_rotation_clock(exchange.house, exchange.call));
  return no_content();
}

Result<Answer> run_pause(Exchange& exchange) {
  return steer(exchange, service::RunSteering::kPause);
}
Result<Answer> run_resume(Exchange& exchange) {
  return steer(exchange, service::RunSteering::kResume);
}
Result<Answer> run_abort(Exchange& exchange) {
  return steer(exchange, service::RunSteering::kAbort);
}
Result<Answer> run_rollback(Exchange& exchange) {
  return steer(exchange, service::RunSteering::kRollBack);
}
Result<Answer> run_retry(Exchange& exchange) {
  return steer(exchange, service::RunSteering::kRetry);
}

}  // namespace handlers

}  // namespace kw::api::rest
