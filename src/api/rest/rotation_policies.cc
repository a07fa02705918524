// Rotation policies and the calendar.
#include "service/rotation_policies.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "rotation/calendar_text.h"
#include "service/rotation_calendar.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using rotation::StoredPolicy;

constexpr std::size_t kEntriesShown = 10'000;
constexpr std::size_t kLateShown = 100;

void write_policy(JsonWriter& json, const StoredPolicy& policy, bool with_document) {
  const bool built_in = policy.epoch == 0;
  const std::string& name = policy.document.name;
  json.begin_object().member("name", name).member("tenant", policy.tenant);
  json.member("template", built_in).member("description", policy.document.description);
  if (with_document)
    json.member("document", built_in ? std::string(rotation::template_text(name))
                                     : rotation::policy_text(policy.document));
  json.name("extends").begin_array();
  for (const std::string& each : policy.document.extends) json.value(each);
  json.end_array().member("epoch", policy.epoch);
  if (!built_in) {
    write_time(json, "created_at", policy.created_at);
    write_time(json, "updated_at", policy.updated_at);
  }
  json.end_object();
}

void write_verdict(JsonWriter& json, const service::PolicyVerdict& verdict) {
  json.member("subjects", static_cast<std::int64_t>(verdict.subjects));
  json.member("whole", verdict.whole).name("sample").begin_array();
  for (const std::string& subject : verdict.sample) json.value(subject);
  json.end_array();
}

Answer change_answer(const service::PolicyChange& change) {
  JsonWriter json;
  json.begin_object().name("policy");
  write_policy(json, change.stored, true);
  write_verdict(json, change.verdict);
  json.end_object();
  Answer answer = json_answer(json);
  answer.etag = "\"" + std::to_string(change.stored.epoch) + "\"";
  return answer;
}

void write_due(JsonWriter& json, const rotation::Due& due) {
  json.name("due").begin_object();
  write_time(json, "at", due.at);
  if (due.at) {
    write_time(json, "wanted", due.base);
    write_time(json, "late_after", due.by);
  }
  write_time(json, "hard_deadline", due.hard_deadline);
  json.member("trigger", rotation::trigger_name(due.trigger)).member("why", due.why);
  json.member("forced", due.forced).end_object();
}

void write_rules(JsonWriter& json, const rotation::EffectivePolicy& policy) {
  json.name("rules").begin_array();
  for (const rotation::SetBy& rule : policy.set_by)
    json.begin_object()
        .member("field", rule.field)
        .member("value", rule.value)
        .member("policy", rule.policy)
        .member("clause", rule.clause)
        .end_object();
  json.end_array();
}

void write_facts(JsonWriter& json, const rotation::SubjectFacts& facts) {
  json.member("subject", facts.subject.text()).member("type", facts.type);
  json.member("classification", facts.classification).member("owner", facts.owner);
  json.member("primary", facts.primary);
  if (facts.primary != 0) write_time(json, "primary_since", facts.primary_since);
  write_time(json, "expires_at", facts.expires_at);
  json.member("operations", facts.operations).member("bytes", facts.bytes);
}

Answer explanation_answer(const service::Explanation& all) {
  JsonWriter json;
  json.begin_object();
  write_facts(json, all.facts);
  write_due(json, all.due);
  write_rules(json, all.policy);
  json.name("policies").begin_array();
  for (const std::string& name : all.documents) json.value(name);
  json.end_array();
  if (all.unmet)
    json.name("unmet")
        .begin_object()
        .member("reason", all.unmet->reason)
        .member("detail", all.unmet->message)
        .end_object();
  if (all.run) json.member("open_run", all.run->id.text());
  json.end_object();
  return json_answer(json);
}

Result<rotation::Calendar> asked_calendar(Exchange& exchange) {
  KW_TRY(const std::int64_t days, exchange.query_integer("days", 30, 1, 400));
  return service::rotation_calendar(exchange.house, exchange.call, static_cast<int>(days));
}

Answer text_answer(std::string_view text, std::string_view content_type) {
  Answer answer;
  answer.body.assign(text);
  answer.content_type = content_type;
  return answer;
}

}  // namespace

namespace handlers {

Result<Answer> rotation_policy_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "after", "limit"}));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  KW_TRY(const auto policies,
         service::list_rotation_policies(exchange.house, exchange.call,
                                         exchange.query_text("after").value_or(""),
                                         static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const StoredPolicy& policy : policies) write_policy(json, policy, false);
  json.end_array();
  if (static_cast<std::int64_t>(policies.size()) == limit)
    json.member("next", policies.back().tenant + "/" + policies.back().document.name);
  json.end_object();
  return json_answer(json);
}

Result<Answer> rotation_policy_templates(Exchange& exchange) {
  KW_OK(exchange.query_only({}));
  KW_TRY(const auto templates, service::list_rotation_templates(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const rotation::PolicyDocument& document : templates)
    write_policy(json, {"", document, 0, {}, {}}, false);
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> rotation_policy_show(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const ObjectName name, exchange.object_name("policy"));
  KW_TRY(const StoredPolicy policy,
         service::show_rotation_policy(exchange.house, exchange.call, name));
  JsonWriter json;
  write_policy(json, policy, true);
  Answer answer = json_answer(json);
  answer.etag = "\"" + std::to_string(policy.epoch) + "\"";
  return answer;
}

Result<Answer> rotation_policy_put(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto document, exchange.body_object({"document"}));
  KW_TRY(const std::string_view text, document.root().text("document"));
  KW_TRY(const ObjectName name, exchange.object_name("policy"));
  KW_TRY(const auto expected, exchange.expected_epoch());
  KW_TRY(const service::PolicyChange change,
         service::put_rotation_policy(
             exchange.house, exchange.call, name, text, expected,
             [](const service::PolicyChange& made) { return kept(change_answer(made)); }));
  return change_answer(change);
}

Result<Answer> rotation_policy_remove(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const ObjectName name, exchange.object_name("policy"));
  KW_TRY(const auto expected, exchange.expected_epoch());
  KW_OK(service::remove_rotation_policy(exchange.house, exchange.call, name, expected,
                                        kept_no_content));
  return no_content();
}

Result<Answer> rotation_policy_check(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto document, exchange.body_object({"document"}));
  KW_TRY(const std::string_view text, document.root().text("document"));
  KW_TRY(const service::CheckedPolicy checked,
         service::check_rotation_policy(exchange.house, exchange.call, text));
  JsonWriter json;
  json.begin_object().member("name", checked.document.name);
  json.member("document", rotation::policy_text(checked.document));
  write_verdict(json, checked.verdict);
  json.end_object();
  return json_answer(json);
}

Result<Answer> rotation_policy_explain(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "kind", "name"}));
  KW_TRY(std::string tenant, exchange.named_tenant());
  KW_TRY(const SecretPath name, SecretPath::parse(exchange.query_text("name").value_or("")));
  const std::string kind(exchange.query_text("kind").value_or("key"));
  KW_TRY(const service::Explanation all,
         service::explain_rotation(exchange.house, exchange.call,
                                   {kind, std::move(tenant), name.text()}));
  return explanation_answer(all);
}

Result<Answer> rotation_policy_simulate(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto document, exchange.body_object({"years", "per_hour", "document"}));
  const JsonView body = document.root();
  service::SimulationOrder order;
  KW_TRY(const std::int64_t years, integer_or(body, "years", 1, 1, 10));
  KW_TRY(const std::int64_t per_hour, integer_or(body, "per_hour", 0, 0, 1'000'000));
  KW_TRY(order.document, text_or(body, "document", ""));
  order.years = static_cast<int>(years);
  order.per_hour = static_cast<int>(per_hour);
  KW_TRY(const service::Simulated simulated,
         service::simulate_rotation(exchange.house, exchange.call, order));
  return text_answer(rotation::simulation_json(simulated.report, simulated.inventory, kLateShown),
                     "application/json");
}

// With ?table=true the text for people comes along as a member.
Result<Answer> rotation_calendar(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "days", "table"}));
  KW_TRY(rotation::Calendar calendar, asked_calendar(exchange));
  const std::string table =
      exchange.query_text("table") == "true" ? rotation::calendar_table(calendar) : "";
  const std::size_t all = calendar.entries.size();
  if (all > kEntriesShown) calendar.entries.resize(kEntriesShown);
  const std::string members = rotation::calendar_json(calendar);
  JsonWriter more;
  more.begin_object().member("rotations", static_cast<std::int64_t>(all));
  if (!table.empty()) more.member("table", table);
  more.end_object();
  return text_answer(
      members.substr(0, members.size() - 1) + "," + std::string(more.text().substr(1)),
      "application/json");
}

Result<Answer> rotation_calendar_file(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "days"}));
  KW_TRY(const rotation::Calendar calendar, asked_calendar(exchange));
  return text_answer(rotation::calendar_ics(calendar, exchange.house.clock.wall()),
                     "text/calendar");
}

}  // namespace handlers

}  // namespace kw::api::rest
