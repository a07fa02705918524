#include "service/incidents.h"

#include <algorithm>

#include "service/incident_approval.h"

namespace kw::service {

namespace {

using rotation::Incident;
using rotation::IncidentItem;
using rotation::IncidentPlan;
using rotation::IncidentRequest;

constexpr std::size_t kBoardsMax = 200;

rotation::Change own(const keys::Change& change) {
  return {change.tx, change.by};
}

Error outside_tenant(std::string_view what) {
  return error(Code::kPermissionDenied, "outside_tenant",
               std::string(what) + " reaches other tenants: an officer of all tenants opens it");
}

// Who may do it for one tenant must not reach another one, neither by name nor by an edge.
Status check_scope(const Call& call, const IncidentRequest& request) {
  if (call.tenant.empty() || incident_tenant(request) == call.tenant) return ok();
  return outside_tenant("the scope");
}
Status check_reach(const Call& call, const IncidentPlan& plan) {
  if (call.tenant.empty()) return ok();
  for (const IncidentItem& item : plan.items)
    if (item.subject && item.subject->tenant != call.tenant) return outside_tenant("the plan");
  return ok();
}

Result<IncidentForecast> forecast(House& house, const Call& call, const IncidentRequest& request) {
  KW_OK(check_scope(call, request));
  IncidentForecast made;
  KW_TRY(made.plan, house.emergency.incidents.plan(request));
  KW_OK(check_reach(call, made.plan));
  KW_TRY(made.radius, house.emergency.incidents.forecast(made.plan));
  return made;
}

Status add_boards(House& house, store::Reader& reader, IncidentView& view) {
  for (const IncidentItem& item : view.items) {
    if (!item.suspect || !item.acting || view.boards.size() >= kBoardsMax) continue;
    KW_TRY(rotation::Board board,
           house.rotation.consumers.acks(reader, *item.acting, item.replaced_to));
    view.boards.emplace_back(item.position, std::move(board));
  }
  return ok();
}

Result<IncidentView> view_in(House& house, store::Reader& reader, const IncidentId& id) {
  rotation::Incidents& incidents = house.emergency.incidents;
  IncidentView view;
  KW_TRY(view.incident, incidents.show(reader, id));
  KW_TRY(view.items, incidents.items(reader, id));
  KW_TRY(view.timeline, incidents.timeline(reader, id));
  KW_OK(add_boards(house, reader, view));
  if (view.incident.approval.empty()) return view;
  KW_TRY(const ApprovalId approval, ApprovalId::parse(view.incident.approval));
  const auto found = house.approvals.show(reader, approval);
  // Closed ones are kept for 90 days, incidents for ever.
  if (!found && found.error().code != Code::kNotFound) return found.error();
  if (found) view.approval = *found;
  return view;
}

Status ask(House& house, keys::Change change, const Incident& incident) {
  KW_TRY(const auth::Approval asked, ask_for_incident(house.approvals, change.tx, incident));
  const std::string id = asked.id.text();
  audit::Event event = change.by;
  event.action = "approval.open";
  event.kind = "approval";
  event.object = id;
  event.note = "incident";
  KW_OK(house.changes.append(change.tx, event));
  KW_OK(house.emergency.incidents.ask_approval(own(change), incident.id, id));
  return ok();
}

Status ask_again(House& house, const Call& call, keys::Change change, const Incident& incident) {
  if (incident.opened_by != call.caller->name)
    return error(Code::kPermissionDenied, "not_the_opener", "only who opened it asks again");
  if (!incident.approval.empty()) {
    KW_TRY(const ApprovalId id, ApprovalId::parse(incident.approval));
    KW_TRY(const auth::Approval last, house.approvals.show(change.tx, id));
    if (last.state == auth::ApprovalState::kOpen || last.state == auth::ApprovalState::kApproved)
      return error(Code::kFailedPrecondition, "approval_live",
                   "the approval that was asked for can still be given");
  }
  return ask(house, change, incident);
}

Status decide(House& house, const Call& call, keys::Change change, const IncidentId& id,
              IncidentDecision decision) {
  rotation::Incidents& incidents = house.emergency.incidents;
  switch (decision) {
    case IncidentDecision::kAskAgain: {
      KW_TRY(const Incident incident, incidents.show(change.tx, id));
      return ask_again(house, call, change, incident);
    }
    case IncidentDecision::kBreakGlass:
      return status_of(incidents.break_glass(own(change), id));
    case IncidentDecision::kJustified:
    case IncidentDecision::kNotJustified:
      return status_of(incidents.review(own(change), id, decision == IncidentDecision::kJustified));
    case IncidentDecision::kWithdraw:
      return status_of(incidents.withdraw(own(change), id));
  }
  return ok();
}

// Marks of suspicion lie in keys: the caller sees its own change at once. A feed that is late
// fences this node by itself.
void see_own_change(House& house) {
  constexpr std::chrono::seconds kPatience{2};
  if (const Status seen = house.feed.catch_up(kPatience); !seen)
    house.log.failure("incident.feed", seen.error());
}

// Reads one text of an incident after authorisation for its tenant.
template <typename T, typename Body>
Result<T> consulted_incident(House& house, Call& call, const IncidentId& id, const Body& body) {
  Result<T> outcome = [&]() -> Result<T> {
    KW_OK(visible_incident(house, call, id));
    std::optional<T> found;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(found, body(reader));
      return ok();
    }));
    return *std::move(found);
  }();
  KW_OK(record_and_wait(house, call, status_of(outcome)));
  return outcome;
}

}  // namespace

Result<IncidentForecast> plan_incident(House& house, Call& call, const IncidentRequest& request) {
  return consulted<IncidentForecast>(house, call, [&] { return forecast(house, call, request); });
}

Result<OpenedIncident> open_incident(House& house, Call& call, const IncidentOrder& order,
                                     const Wording<OpenedIncident>& wording) {
  return recorded<OpenedIncident>(house, call, [&]() -> Result<OpenedIncident> {
    KW_OK(authorise(house, call, {}));
    KW_TRY(IncidentForecast made, forecast(house, call, order.request));
    if (!order.plan.empty() && order.plan != made.plan.hash)
      return error(Code::kAborted, "plan_stale", "this is not what the plan would do now");
    std::optional<OpenedIncident> opened;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(const Incident incident, house.emergency.incidents.open(own(change), made.plan));
      if (!order.request.drill) KW_OK(ask(house, change, incident));
      opened.emplace();
      KW_TRY(opened->view, view_in(house, change.tx, incident.id));
      opened->radius = made.radius;
      opened->radius.incident = incident.id.text();
      keep(call, wording, *opened);
      return ok();
    }));
    see_own_change(house);
    house.emergency.look_again();
    return *std::move(opened);
  });
}

Result<Incident> visible_incident(House& house, Call& call, const IncidentId& id) {
  KW_OK(require_open(house));
  std::optional<Incident> found;
  const Status read = house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(found, house.emergency.incidents.show(reader, id));
    return ok();
  });
  if (found) call.tenant = incident_tenant(found->request);
  KW_OK(authorise(house, call, {}));
  if (!read && read.error().code != Code::kNotFound) return read.error();
  if (!found) return not_found();
  return *std::move(found);
}

Result<IncidentView> show_incident(House& house, Call& call, const IncidentId& id) {
  return consulted_incident<IncidentView>(
      house, call, id, [&](store::Reader& reader) { return view_in(house, reader, id); });
}

Result<std::vector<Incident>> list_incidents(House& house, Call& call, bool open_only, int limit) {
  using All = std::vector<Incident>;
  return consulted<All>(house, call, [&]() -> Result<All> {
    All found;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(found, house.emergency.incidents.list(reader, open_only, limit));
      return ok();
    }));
    std::erase_if(found, [&](const Incident& one) {
      return !call.tenant.empty() && incident_tenant(one.request) != call.tenant;
    });
    return found;
  });
}

Result<IncidentView> decide_incident(House& house, Call& call, const IncidentId& id,
                                     IncidentDecision decision,
                                     const Wording<IncidentView>& wording) {
  return recorded<IncidentView>(house, call, [&]() -> Result<IncidentView> {
    KW_OK(visible_incident(house, call, id));
    std::optional<IncidentView> view;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_OK(decide(house, call, change, id, decision));
      KW_TRY(view, view_in(house, change.tx, id));
      keep(call, wording, *view);
      return ok();
    }));
    // Whoever is on call must hear of it: there is no second person yet.
    if (decision == IncidentDecision::kBreakGlass)
      house.log.warning("incident.break_glass",
                        {{"incident", id.text()}, {"by", std::string(call.caller->name)}});
    see_own_change(house);
    house.emergency.look_again();
    return *std::move(view);
  });
}

Result<std::string> incident_report(House& house, Call& call, const IncidentId& id) {
  return consulted_incident<std::string>(
      house, call, id, [&](store::Reader& reader) -> Result<std::string> {
        KW_TRY(std::string text, house.emergency.incidents.report(reader, id));
        if (!text.empty()) return text;
        return error(Code::kFailedPrecondition, "not_reported",
                     "the blast radius is reported after the incident was contained");
      });
}

Result<std::string> incident_evidence(House& house, Call& call, const IncidentId& id) {
  return consulted_incident<std::string>(
      house, call, id, [&](store::Reader& reader) -> Result<std::string> {
        KW_TRY(std::string text, house.emergency.incidents.evidence(reader, id));
        if (!text.empty()) return text;
        return error(Code::kFailedPrecondition, "incident_open",
                     "the evidence is signed when the incident closes");
      });
}

Result<std::vector<rotation::Notice>> incident_notices(House& house, Call& call,
                                                       const IncidentId& id) {
  return consulted_incident<std::vector<rotation::Notice>>(
      house, call, id,
      [&](store::Reader& reader) { return house.emergency.incidents.notices(reader, id); });
}

Status note_incident_notice(House& house, Call& call, const IncidentId& id, std::string_view kind,
                            std::string_view recipient, const Wording<Done>& wording) {
  Status outcome = [&]() -> Status {
    KW_OK(visible_incident(house, call, id));
    return transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(const auto notices, house.emergency.incidents.notices(change.tx, id));
      const auto found = std::find_if(notices.begin(), notices.end(), [&](const auto& one) {
        return rotation::notice_kind_name(one.kind) == kind && one.recipient == recipient;
      });
      if (found == notices.end())
        return error(Code::kNotFound, "no_such_notice", "the incident has no such notice");
      KW_OK(house.emergency.incidents.notice_sent(own(change), id, *found));
      keep(call, wording, Done{});
      return ok();
    });
  }();
  if (!outcome) KW_OK(record_and_wait(house, call, outcome));
  return outcome;
}

}  // namespace kw::service
