// Opening, deciding and looking at incidents. How they go on: incident_step.cc.
#include "rotation/incident.h"

#include <algorithm>

#include "codec/base64.h"
#include "codec/strict_text.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "rotation/evidence_timeline.h"
#include "rotation/incident_record.h"
#include "rotation/incident_rows.h"

namespace kw::rotation {
namespace {

constexpr std::size_t kItemsMax = 10'000;
constexpr std::size_t kNamesMax = 1'000;
constexpr auto kReviewTime = std::chrono::hours(24);

Error bad_incident(std::string_view message) {
  return error(Code::kInvalidArgument, "bad_incident", message);
}
Error incident_moved() {
  return error(Code::kFailedPrecondition, "incident_moved", "the incident is past this decision");
}

bool is_word(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), fits);
}

Status check_request(const IncidentRequest& request, WallTime now) {
  const auto& names = request.scope.names;
  if (names.empty() || names.size() > kNamesMax)
    return bad_incident("a scope has 1 to 1,000 names");
  for (const std::string& name : names)
    if (name.empty() || name.size() > 300 || !codec::valid_utf8(name) ||
        name.find('\0') != name.npos)
      return bad_incident("a name in the scope is not one");
  if (!is_word(request.reason)) return bad_incident("a reason is [a-z0-9_-]{1,64}");
  if (request.description.size() > 2'000 || !codec::valid_utf8(request.description) ||
      request.description.find('\0') != std::string::npos)
    return bad_incident("a description is UTF-8 of at most 2,000 bytes");
  if (request.compromised_since > now)
    return bad_incident("the compromise cannot begin in the future");
  if (request.deadline < std::chrono::minutes(5) || request.deadline > std::chrono::hours(24))
    return bad_incident("a deadline is 5 min to 24 h");
  return ok();
}

// One item for each node of the cascade; names of one material follow the first subject.
void add_unit(const CascadeUnit& unit, int wave, std::vector<IncidentItem>& items) {
  int lead = -1;
  for (const Node& node : unit.members) {
    IncidentItem item;
    item.position = static_cast<int>(items.size());
    item.wave = wave;
    item.node = node.text;
    item.subject = node.subject();
    item.mode = item.subject ? unit.mode : CascadeMode::kNotify;
    item.suspect = unit.source && item.subject.has_value();
    if (item.subject) {
      item.lead = lead;
      if (lead < 0) lead = item.position;
    }
    items.push_back(std::move(item));
  }
}

// The tenant of an incident of one tenant, so that it is found in that tenant's log.
std::string_view tenant_of(const Incident& incident) {
  const auto& names = incident.request.scope.names;
  const bool one = incident.request.scope.kind == Scope::Kind::kTenant && names.size() == 1;
  return one ? std::string_view(names[0]) : std::string_view();
}

}  // namespace

Incidents::Incidents(IncidentHouse house, IncidentPorts ports)
    : house_(std::move(house)), ports_(std::move(ports)) {}

Result<IncidentPlan> Incidents::plan(const IncidentRequest& request) {
  KW_OK(check_request(request, house_.clock.wall()));
  if (request.drill && ports_.shadows == nullptr)
    return error(Code::kFailedPrecondition, "no_shadows", "drills are not set up here");
  KW_TRY(const std::vector<Subject> suspects,
         ports_.compromise.suspects(request.scope, request.compromised_since));
  std::vector<Node> sources;
  for (const Subject& subject : suspects) {
    KW_TRY(Node node, Node::of(subject));
    sources.push_back(std::move(node));
  }
  std::shared_ptr<const GraphModel> graph;
  KW_OK(house_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(graph, ports_.graph.load(reader));
    return ok();
  }));
  KW_TRY(const Cascade cascade, rotation::cascade(*graph, sources, Cause::kCompromise));
  IncidentPlan plan;
  plan.request = request;
  for (std::size_t wave = 0; wave < cascade.waves.size(); ++wave)
    for (const CascadeUnit& unit : cascade.waves[wave])
      add_unit(unit, static_cast<int>(wave), plan.items);
  if (plan.items.empty()) return bad_incident("the scope is empty");
  if (plan.items.size() > kItemsMax)
    return error(Code::kResourceExhausted, "scope_too_large", "an incident has 10,000 items");
  for (const IncidentItem& item : plan.items)
    if (request.drill && item.subject) KW_OK(ports_.shadows->can_make(*item.subject));
  for (IncidentItem& item : plan.items) {
    if (!item.suspect) continue;
    KW_TRY(const auto versions, ports_.compromise.versions(*item.subject));
    for (const VersionFacts& one : versions) item.versions.push_back(one.version);
  }
  plan.hash = incident_plan_hash(plan.request, plan.items);
  return plan;
}

Result<BlastRadius> Incidents::measure(const std::vector<IncidentItem>& items, std::string incident,
                                       WallTime since) {
  BlastQuestion question;
  question.incident = std::move(incident);
  question.from = since;
  question.to = house_.clock.wall();
  for (const IncidentItem& item : items) {
    if (item.subject)
      question.subjects.emplace_back(*item.subject, item.suspect);
    else
      question.outside.push_back(item.node);
  }
  std::shared_ptr<const GraphModel> graph;
  KW_OK(house_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(graph, ports_.graph.load(reader));
    return ok();
  }));
  return measure_blast_radius(ports_.compromise, ports_.history, *graph, question);
}

Result<BlastRadius> Incidents::forecast(const IncidentPlan& plan) {
  return measure(plan.items, "", plan.request.compromised_since);
}

// What is executed is what was approved: items that were changed behind our back are not.
Status Incidents::check_plan(store::Reader& reader, const Incident& incident) {
  KW_TRY(const auto items, load_items(reader, incident.id));
  if (incident_plan_hash(incident.request, items) == incident.plan_hash) return ok();
  return error(Code::kDataLoss, "plan_changed", "the stored plan is not the one that was opened");
}

Result<Incident> Incidents::open(Change change, const IncidentPlan& plan) {
  const WallTime now = house_.clock.wall();
  KW_OK(check_request(plan.request, now));
  if (plan.items.empty() || plan.hash != incident_plan_hash(plan.request, plan.items))
    return bad_incident("the plan is not one that plan() made");
  Incident incident;
  incident.id = crypto::random_id<IncidentId>();
  incident.request = plan.request;
  incident.opened_by = change.by.actor;
  incident.opened_at = now;
  incident.deadline_at = now + plan.request.deadline;
  incident.plan_hash = plan.hash;
  KW_OK(insert_incident(change.tx, house_.proof, incident));
  for (IncidentItem item : plan.items) {
    // A drill works on shadows, which are made next: nothing real is marked or frozen.
    if (!plan.request.drill) item.acting = item.subject;
    KW_OK(insert_item(change.tx, incident.id, item));
    if (!item.acting) continue;
    KW_OK(freeze(change.tx, incident.id, *item.acting));
    if (!item.suspect) continue;
    for (const std::uint32_t version : item.versions)
      KW_OK(ports_.compromise.mark(change, *item.acting, version, plan.request.compromised_since));
  }
  return change_head(change, std::move(incident), "incident.opened",
                     std::to_string(plan.items.size()) + " items, " +
                         std::string(incident_mode_name(plan.request.mode)) + ": " +
                         plan.request.description);
}

Result<Incident> Incidents::ask_approval(Change change, const IncidentId& id,
                                         std::string_view approval) {
  KW_TRY(Incident incident, load_incident(change.tx, house_.proof, id));
  if (incident.phase != IncidentPhase::kOpened || incident.approved_at) return incident_moved();
  incident.approval = approval;
  return change_head(change, std::move(incident), "incident.approval_asked", approval);
}

Result<Incident> Incidents::break_glass(Change change, const IncidentId& id) {
  KW_TRY(Incident incident, load_incident(change.tx, house_.proof, id));
  if (incident.phase != IncidentPhase::kOpened || incident.approved_at) return incident_moved();
  KW_OK(check_plan(change.tx, incident));
  const WallTime now = house_.clock.wall();
  incident.break_glass = BreakGlass{std::string(change.by.actor), now, now + kReviewTime, "", ""};
  incident.approved_at = now;
  return change_head(change, std::move(incident), "incident.break_glass", "review within 24 h");
}

Result<Incident> Incidents::review(Change change, const IncidentId& id, bool justified) {
  KW_TRY(Incident incident, load_incident(change.tx, house_.proof, id));
  if (!incident.break_glass)
    return error(Code::kFailedPrecondition, "nothing_to_review", "two people approved it");
  if (!incident.break_glass->verdict.empty())
    return error(Code::kFailedPrecondition, "reviewed", "it was reviewed");
  if (incident.break_glass->by == change.by.actor)
    return error(Code::kPermissionDenied, "own_request", "another person reviews it");
  incident.break_glass->reviewed_by = change.by.actor;
  incident.break_glass->verdict = justified ? "justified" : "not_justified";
  const std::string verdict = incident.break_glass->verdict;
  return change_head(change, std::move(incident), "incident.reviewed", verdict);
}

Result<Incident> Incidents::withdraw(Change change, const IncidentId& id) {
  KW_TRY(Incident incident, load_incident(change.tx, house_.proof, id));
  if (incident.phase != IncidentPhase::kOpened || incident.approved_at) return incident_moved();
  KW_TRY(const auto items, load_items(change.tx, id));
  for (const IncidentItem& item : items) {
    if (!item.suspect || !item.acting) continue;
    for (const std::uint32_t version : item.versions)
      KW_OK(ports_.compromise.clear(change, *item.acting, version));
  }
  KW_OK(thaw(change.tx, id));
  incident.withdrawn = true;
  incident.phase = IncidentPhase::kClosed;
  incident.closed_at = house_.clock.wall();
  return change_head(change, std::move(incident), "incident.withdrawn", "");
}

Status Incidents::notice_sent(Change change, const IncidentId& id, const Notice& notice) {
  KW_TRY(Incident incident, load_incident(change.tx, house_.proof, id));
  KW_OK(change_head(change, std::move(incident), "incident.notice",
                    std::string(notice_kind_name(notice.kind)) + " to " + notice.recipient +
                        ", sha256 " + codec::hex(crypto::sha256(as_bytes(notice.body)))));
  return ok();
}

// Writes the head over the row that it was read from, with a line of the timeline and its leaf.
Result<Incident> Incidents::change_head(Change change, Incident incident, std::string_view what,
                                        std::string_view detail) {
  KW_OK(save_incident(change.tx, house_.proof, incident));
  const std::string id = incident.id.text();
  TimelineEntry entry;
  // The last line is signed before it is written: its time was chosen then.
  const bool signed_before = what == "incident.closed" && incident.closed_at.has_value();
  entry.at = signed_before ? *incident.closed_at : house_.clock.wall();
  entry.who = change.by.actor.empty() ? "system" : std::string(change.by.actor);
  entry.what = what;
  entry.detail = detail;
  KW_OK(append_entry(change.tx, id, std::move(entry)));
  audit::Event event = change.by;
  event.action = what;
  event.kind = "incident";
  event.object = id;
  event.tenant = tenant_of(incident);
  event.to_state = incident_phase_name(incident.phase);
  event.note = incident.problem;
  if (!incident.approval.empty()) event.approval = incident.approval;
  KW_OK(house_.log.append(change.tx, event));
  return incident;
}

Result<std::optional<IncidentId>> Incidents::frozen_by(store::Reader& reader,
                                                       const Subject& subject) {
  KW_TRY(const auto row,
         reader.query_one("SELECT i.id FROM incident_freeze f JOIN incident i ON i.id = f.incident"
                          " WHERE f.subject = $1 ORDER BY i.opened_at, i.id LIMIT 1",
                          {subject.text()}));
  if (!row) return std::optional<IncidentId>();
  KW_TRY(const IncidentId id, IncidentId::from_bytes(row->bytes(0)));
  return std::optional<IncidentId>(id);
}

Result<std::set<std::string>> Incidents::all_frozen(store::Reader& reader) {
  KW_TRY(const auto rows, reader.query("SELECT DISTINCT subject FROM incident_freeze", {}));
  std::set<std::string> all;
  for (const store::Row& row : rows) all.insert(row.text(0));
  return all;
}

Result<Incident> Incidents::show(store::Reader& reader, const IncidentId& id) {
  return load_incident(reader, house_.proof, id);
}

Result<std::vector<IncidentItem>> Incidents::items(store::Reader& reader, const IncidentId& id) {
  KW_OK(show(reader, id));
  return load_items(reader, id);
}

Result<std::vector<Incident>> Incidents::list(store::Reader& reader, bool open_only, int limit) {
  if (limit < 1 || limit > 1'000)
    return error(Code::kInvalidArgument, "bad_limit", "a list has 1 to 1,000 items");
  KW_TRY(const auto ids, incident_ids(reader, open_only, limit));
  std::vector<Incident> all;
  for (const IncidentId& id : ids) {
    KW_TRY(Incident one, show(reader, id));
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::vector<TimelineEntry>> Incidents::timeline(store::Reader& reader,
                                                       const IncidentId& id) {
  KW_OK(show(reader, id));
  return read_timeline(reader, id.text());
}

Result<std::string> Incidents::report(store::Reader& reader, const IncidentId& id) {
  KW_TRY(const auto row,
         reader.query_one("SELECT report FROM incident WHERE id = $1", {id.bytes()}));
  if (!row) return error(Code::kNotFound, "not_found", "there is no such incident");
  return row->text(0);
}

Result<std::string> Incidents::evidence(store::Reader& reader, const IncidentId& id) {
  KW_TRY(const auto row,
         reader.query_one("SELECT evidence FROM incident WHERE id = $1", {id.bytes()}));
  if (!row) return error(Code::kNotFound, "not_found", "there is no such incident");
  return row->text(0);
}

}  // namespace kw::rotation
