#include "service/incidents.h"

#include "api/rest/handlers.h"
#include "api/rest/incident_json.h"
#include "api/rest/key_json.h"
#include "rotation/incident_record.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using rotation::IncidentRequest;

constexpr std::int64_t kDeadlineMin = 300, kDeadlineMax = 86'400;
constexpr std::chrono::hours kSinceByDefault{24};

Result<std::vector<std::string>> names_in(const JsonView& body) {
  KW_TRY(const JsonView list, body.member("names"));
  std::vector<std::string> names;
  for (const JsonView& one : list.elements()) {
    KW_TRY(const std::string_view name, one.text());
    names.emplace_back(name);
  }
  return names;
}

Result<rotation::Scope> scope_in(const JsonView& body) {
  rotation::Scope scope;
  KW_TRY(const std::string_view kind, body.text("scope"));
  using Kind = rotation::Scope::Kind;
  bool known = false;
  for (const Kind one : {Kind::kSubject, Kind::kTenant, Kind::kCaller}) {
    if (rotation::scope_kind_name(one) != kind) continue;
    scope.kind = one;
    known = true;
  }
  if (!known)
    return error(Code::kInvalidArgument, "bad_incident",
                 "\"scope\" is subject, tenant or caller");
  KW_TRY(scope.names, names_in(body));
  return scope;
}

Result<IncidentRequest> request_in(const Exchange& exchange, const JsonView& body) {
  IncidentRequest request;
  KW_TRY(request.scope, scope_in(body));
  KW_TRY(const std::string mode, text_or(body, "mode", "continuity_first"));
  KW_TRY(request.mode, rotation::parse_incident_mode(mode));
  KW_TRY(request.reason, text_or(body, "reason", ""));
  KW_TRY(request.description, text_or(body, "description", ""));
  KW_TRY(request.drill, boolean_or(body, "drill", false));
  KW_TRY(const std::int64_t deadline,
         integer_or(body, "deadline_seconds", 3600, kDeadlineMin, kDeadlineMax));
  request.deadline = std::chrono::seconds(deadline);
  KW_TRY(const std::string since, text_or(body, "compromised_since", ""));
  if (since.empty()) {
    request.compromised_since = exchange.house.clock.wall() - kSinceByDefault;
  } else {
    KW_TRY(request.compromised_since, parse_rfc3339(since));
  }
  return request;
}

void write_request_time(JsonWriter& json, const IncidentRequest& request) {
  json.member("mode", rotation::incident_mode_name(request.mode));
  write_time(json, "compromised_since", request.compromised_since);
  json.member("deadline_seconds", static_cast<std::int64_t>(request.deadline.count()));
}

Answer opened_answer(const service::OpenedIncident& opened) {
  JsonWriter json;
  json.begin_object().member("id", opened.view.incident.id.text()).name("opened");
  write_incident_view(json, opened.view);
  json.name("blast_radius");
  write_radius_summary(json, opened.radius);
  json.end_object();
  return json_answer(json, 201);
}

Answer view_answer(const service::IncidentView& view) {
  JsonWriter json;
  write_incident_view(json, view);
  return json_answer(json);
}

Result<IncidentId> id_of(const Exchange& exchange) {
  return IncidentId::parse(exchange.parameter("incident"));
}

Result<Answer> decide(Exchange& exchange, service::IncidentDecision decision) {
  KW_TRY(const IncidentId id, id_of(exchange));
  KW_TRY(const service::IncidentView view,
         service::decide_incident(
             exchange.house, exchange.call, id, decision,
             [](const service::IncidentView& now) { return kept(view_answer(now)); }));
  return view_answer(view);
}

Answer text_answer(std::string_view text) {
  Answer answer;
  answer.body.assign(text);
  return answer;
}

}  // namespace

namespace handlers {

Result<Answer> incident_plan(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto body,
         exchange.body_object({"scope", "names", "mode", "reason", "description",
                               "compromised_since", "drill", "deadline_seconds"}));
  KW_TRY(const IncidentRequest request, request_in(exchange, body.root()));
  KW_TRY(const service::IncidentForecast made,
         service::plan_incident(exchange.house, exchange.call, request));
  JsonWriter json;
  json.begin_object().member("plan", made.plan.hash);
  write_request_time(json, request);
  json.name("items").begin_array();
  for (const rotation::IncidentItem& item : made.plan.items) json.raw(rotation::item_json(item));
  json.end_array().name("blast_radius");
  write_radius_summary(json, made.radius);
  json.name("report").raw(rotation::blast_radius_json(made.radius)).end_object();
  return json_answer(json);
}

Result<Answer> incident_open(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto body,
         exchange.body_object({"scope", "names", "mode", "reason", "description",
                               "compromised_since", "drill", "deadline_seconds", "plan"}));
  service::IncidentOrder order;
  KW_TRY(order.request, request_in(exchange, body.root()));
  KW_TRY(order.plan, text_or(body.root(), "plan", ""));
  KW_TRY(const service::OpenedIncident opened,
         service::open_incident(
             exchange.house, exchange.call, order,
             [](const service::OpenedIncident& made) { return kept(opened_answer(made)); }));
  return opened_answer(opened);
}

Result<Answer> incident_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "state", "limit"}));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  const std::string_view state = exchange.query_text("state").value_or("all");
  if (state != "open" && state != "all")
    return error(Code::kInvalidArgument, "bad_query", "\"state\" is open or all");
  KW_TRY(const auto incidents,
         service::list_incidents(exchange.house, exchange.call, state == "open",
                                 static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const rotation::Incident& one : incidents) json.raw(rotation::incident_json(one));
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> incident_show(Exchange& exchange) {
  KW_TRY(const IncidentId id, id_of(exchange));
  KW_TRY(const service::IncidentView view,
         service::show_incident(exchange.house, exchange.call, id));
  return view_answer(view);
}

Result<Answer> incident_ask(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  return decide(exchange, service::IncidentDecision::kAskAgain);
}
Result<Answer> incident_break_glass(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  return decide(exchange, service::IncidentDecision::kBreakGlass);
}
Result<Answer> incident_withdraw(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  return decide(exchange, service::IncidentDecision::kWithdraw);
}

Result<Answer> incident_review(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"justified"}));
  KW_TRY(const bool justified, body.root().boolean("justified"));
  return decide(exchange, justified ? service::IncidentDecision::kJustified
                                    : service::IncidentDecision::kNotJustified);
}

Result<Answer> incident_report(Exchange& exchange) {
  KW_TRY(const IncidentId id, id_of(exchange));
  KW_TRY(const std::string text, service::incident_report(exchange.house, exchange.call, id));
  return text_answer(text);
}

Result<Answer> incident_evidence(Exchange& exchange) {
  KW_TRY(const IncidentId id, id_of(exchange));
  KW_TRY(const std::string text, service::incident_evidence(exchange.house, exchange.call, id));
  return text_answer(text);
}

Result<Answer> incident_notices(Exchange& exchange) {
  KW_TRY(const IncidentId id, id_of(exchange));
  KW_TRY(const auto notices, service::incident_notices(exchange.house, exchange.call, id));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const rotation::Notice& notice : notices)
    json.begin_object()
        .member("kind", rotation::notice_kind_name(notice.kind))
        .member("recipient", notice.recipient)
        .member("body", notice.body)
        .end_object();
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> incident_notice_sent(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"kind", "recipient"}));
  KW_TRY(const std::string_view kind, body.root().text("kind"));
  KW_TRY(const std::string_view recipient, body.root().text("recipient"));
  KW_TRY(const IncidentId id, id_of(exchange));
  KW_OK(service::note_incident_notice(exchange.house, exchange.call, id, kind, recipient,
                                      kept_no_content));
  return no_content();
}

}  // namespace handlers

}  // namespace kw::api::rest
