#include "api/rest/run_json.h"

#include "api/rest/key_json.h"
#include "rotation/policy_json.h"
#include "service/run_waiting.h"

namespace kw::api::rest {

namespace {

using codec::JsonWriter;
using rotation::Run;
using rotation::RunState;

void write_standing(JsonWriter& json, const Run& run) {
  json.member("state", rotation::run_state_name(run.state));
  if (run.state == RunState::kPaused || run.state == RunState::kNeedsOperator)
    json.member("resumes_to", rotation::run_state_name(run.resumes_to));
  if (run.state == RunState::kRollingBack)
    json.member("undoing", rotation::run_state_name(run.undoing));
  json.member("percent", run.percent).member("attempts", run.attempts);
  json.member("problem", run.problem).member("waits_for", service::waiting_words(run));
}

void write_times(JsonWriter& json, const Run& run) {
  write_time(json, "created_at", run.created_at);
  write_time(json, "updated_at", run.updated_at);
  write_time(json, "entered_at", run.entered_at);
  write_time(json, "staged_at", run.staged_at);
  write_time(json, "promoted_at", run.promoted_at);
  write_time(json, "finished_at", run.finished_at);
  if (!rotation::finished(run.state)) write_time(json, "next_at", run.next_at);
}

void write_ladder(JsonWriter& json, const std::vector<service::Rung>& ladder) {
  json.name("ladder").begin_array();
  for (const service::Rung& rung : ladder) {
    json.begin_object().member("state", rotation::run_state_name(rung.state));
    json.member("status", service::rung_status_name(rung.status));
    write_time(json, "left_at", rung.left_at);
    json.end_object();
  }
  json.end_array();
}

void write_checklist(JsonWriter& json, const std::vector<service::Condition>& checklist) {
  json.name("checklist").begin_array();
  for (const service::Condition& each : checklist) {
    json.begin_object().member("phase", each.phase).member("name", each.name);
    json.member("state", service::condition_state_name(each.state));
    write_time(json, "at", each.at);
    json.member("detail", each.detail).end_object();
  }
  json.end_array();
}

void write_steps(JsonWriter& json, const std::vector<rotation::Step>& steps) {
  json.name("steps").begin_array();
  for (const rotation::Step& step : steps) {
    json.begin_object().member("seq", step.seq);
    json.member("state", rotation::run_state_name(step.state)).member("verb", step.verb);
    json.member("outcome", step.outcome);
    write_time(json, "at", step.at);
    json.member("detail", step.detail).end_object();
  }
  json.end_array();
}

void write_validation(JsonWriter& json, const service::Validation& validation) {
  json.name("validation").begin_object().member("as_planned", validation.as_planned);
  json.member("primary", validation.primary).member("took_seconds", validation.took.count());
  json.member("discarded", validation.discarded).member("failed_steps", validation.failed_steps);
  json.member("late_states", validation.late_states).name("unmet").begin_array();
  for (const std::string& name : validation.unmet) json.value(name);
  json.end_array().end_object();
}

}  // namespace

void begin_run(JsonWriter& json, const Run& run) {
  json.begin_object().member("id", run.id.text()).member("subject", run.subject.text());
  json.member("kind", run.subject.kind).member("tenant", run.subject.tenant);
  json.member("name", run.subject.name).member("type", run.type);
  write_standing(json, run);
  json.member("trigger", rotation::trigger_name(run.trigger)).member("rank", run.rank);
  json.member("requested_by", run.requested_by).member("reason", run.reason);
  json.member("from_version", run.from_version).member("to_version", run.to_version);
  json.member("algorithm", run.algorithm).member("plan_hash", run.plan_hash);
  json.member("approvals_needed", run.policy.approvals).member("approval", run.approval);
  write_times(json, run);
  json.member("epoch", run.epoch);
}

void write_run(JsonWriter& json, const Run& run) {
  begin_run(json, run);
  json.end_object();
}

void write_run_view(JsonWriter& json, const service::RunView& view) {
  begin_run(json, view.run);
  write_time(json, "deadline", view.report.deadline);
  write_time(json, "expected_end", view.report.expected_end);
  write_ladder(json, view.report.ladder);
  write_checklist(json, view.report.checklist);
  write_steps(json, view.steps);
  if (!view.run.plan_hash.empty()) json.name("policy").raw(rotation::policy_json(view.run.policy));
  if (view.report.validation) write_validation(json, *view.report.validation);
  json.end_object();
}

}  // namespace kw::api::rest
