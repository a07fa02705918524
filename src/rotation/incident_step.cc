#include "rotation/incident_step.h"

#include <algorithm>

#include "base/failpoint.h"
#include "rotation/evidence_timeline.h"
#include "rotation/incident_record.h"

namespace kw::rotation {
namespace {

constexpr int kShadowsPerStep = 32;
constexpr std::size_t kApproversNeeded = 2;

std::size_t distinct_others(const Verdict& verdict, const std::string& opener) {
  std::set<std::string> people(verdict.approvers.begin(), verdict.approvers.end());
  people.erase(opener);
  return people.size();
}

}  // namespace

WallTime IncidentStep::now() const {
  return incidents_.house_.clock.wall();
}

IncidentItem& IncidentStep::touch(int position) {
  if (std::find(touched_.begin(), touched_.end(), position) == touched_.end())
    touched_.push_back(position);
  return row_.items[static_cast<std::size_t>(position)];
}

Result<Incidents::Progress> IncidentStep::commit(const std::function<Status(Change)>& inside) {
  if (lines_.empty() && touched_.empty() && !inside) return Progress{};
  KW_OK(incidents_.house_.store.write([&](store::Tx& tx) -> Status {
    Incident incident = row_.incident;  // a work may run again
    const Change change{tx, by_};
    if (inside) {
      KW_OK(inside(change));
    }
    for (const int position : touched_)
      KW_OK(save_item(tx, incident.id, row_.items[static_cast<std::size_t>(position)]));
    for (const Line& line : lines_) {
      KW_TRY(incident, incidents_.change_head(change, incident, line.what, line.detail));
    }
    if (lines_.empty()) {
      KW_OK(save_incident(tx, incidents_.house_.proof, incident));
    }
    return ok();
  }));
  KW_FAILPOINT("incident.committed");
  return Progress{true, {}};
}

Result<Incidents::Progress> IncidentStep::reach(IncidentPhase phase, std::string what,
                                                std::string detail) {
  row_.incident.phase = phase;
  tell(std::move(what), std::move(detail));
  return commit();
}

Result<Incidents::Progress> IncidentStep::make() {
  KW_TRY(const bool told, tell_if_late());
  if (told) return commit();
  const std::string before = row_.incident.problem;
  row_.incident.problem.clear();
  KW_TRY(Progress progress, decide());
  // What it waits for is kept once, so that people see it and are told once.
  const bool stuck = !progress.moved && progress.waits_for != before;
  if (!stuck) return progress;
  touched_.clear();
  lines_.clear();
  row_.incident.problem = progress.waits_for;
  tell("incident.waits", progress.waits_for);
  KW_OK(commit());
  return progress;
}

Result<Incidents::Progress> IncidentStep::decide() {
  switch (row_.incident.phase) {
    case IncidentPhase::kOpened:
      if (!row_.incident.approved_at) return get_approval();
      return contain();
    case IncidentPhase::kContained:
      return report();
    case IncidentPhase::kReported:
      return replace();
    case IncidentPhase::kReplaced:
      return revoke();
    case IncidentPhase::kRevoked:
      return begin_reencryption();
    case IncidentPhase::kReencrypting:
      return watch_reencryption();
    case IncidentPhase::kEvidence:
      return close();
    case IncidentPhase::kClosed:
      break;
  }
  return Progress{};
}

// The clock of the incident and that of the review: each is told once.
Result<bool> IncidentStep::tell_if_late() {
  Incident& incident = row_.incident;
  const bool dead = incident.phase >= IncidentPhase::kRevoked;
  if (!dead && !incident.told_overdue && now() > incident.deadline_at) {
    incident.told_overdue = true;
    tell("incident.overdue", "the deadline passed and old versions still work");
    return true;
  }
  const auto& glass = incident.break_glass;
  if (glass && glass->verdict.empty() && !incident.told_review && now() > glass->review_due &&
      incident.phase != IncidentPhase::kClosed) {
    incident.told_review = true;
    tell("incident.review_overdue", "nobody has reviewed the breaking of the glass");
    return true;
  }
  return false;
}

Result<Incidents::Progress> IncidentStep::get_approval() {
  if (drill()) {
    row_.incident.approved_at = now();
    tell("incident.approved", "a drill needs no approval");
    return commit();
  }
  bool approved = false;
  const Status written = incidents_.house_.store.write([&](store::Tx& tx) -> Status {
    approved = false;
    Incident incident = row_.incident;
    const Change change{tx, by_};
    KW_OK(incidents_.check_plan(tx, incident));
    KW_TRY(const Verdict verdict, incidents_.ports_.approved(change, incident));
    if (!verdict.approved || distinct_others(verdict, incident.opened_by) < kApproversNeeded)
      return error(Code::kFailedPrecondition, "approval_open", "two other people must approve");
    incident.approved_at = now();
    incident.approval = verdict.id;
    incident.approvers = verdict.approvers;
    std::string names;
    for (const std::string& name : verdict.approvers) names += (names.empty() ? "" : ", ") + name;
    KW_OK(incidents_.change_head(change, std::move(incident), "incident.approved", names));
    approved = true;
    return ok();
  });
  if (!written && written.error().reason == "approval_open") return waiting("approval_open");
  if (!written && written.error().reason == "plan_changed") return waiting("plan_changed");
  KW_OK(written);
  return Progress{approved, {}};
}

Result<Incidents::Progress> IncidentStep::make_shadows() {
  int made = 0;
  for (std::size_t i = 0; i < row_.items.size() && made < kShadowsPerStep; ++i) {
    if (!row_.items[i].subject || row_.items[i].acting) continue;
    IncidentItem& item = touch(static_cast<int>(i));
    KW_TRY(item.acting,
           incidents_.ports_.shadows->make(by_, row_.incident.id.text(), *item.subject));
    item.versions.clear();
    if (item.suspect) {
      KW_OK(take_versions(item));
    }
    ++made;
  }
  tell("incident.shadows", std::to_string(made) + " shadows");
  return commit([this](Change change) -> Status {
    for (const int position : touched_)
      KW_OK(freeze(change.tx, row_.incident.id,
                   *row_.items[static_cast<std::size_t>(position)].acting));
    return mark_touched(change);
  });
}

Status IncidentStep::mark_touched(Change change) {
  for (const int position : touched_) {
    const IncidentItem& item = row_.items[static_cast<std::size_t>(position)];
    for (const std::uint32_t version : item.versions)
      KW_OK(incidents_.ports_.compromise.mark(change, *item.acting, version,
                                              row_.incident.request.compromised_since));
  }
  return ok();
}

// All that lives now: a version made between planning and approval is suspect as well.
Status IncidentStep::take_versions(IncidentItem& item) {
  KW_TRY(const auto versions, incidents_.ports_.compromise.versions(*item.acting));
  item.taken = true;
  item.before.clear();
  for (const VersionFacts& one : versions) {
    if (std::find(item.versions.begin(), item.versions.end(), one.version) == item.versions.end())
      item.versions.push_back(one.version);
    if (is_fingerprint(one.fingerprint)) item.before.push_back(one.fingerprint);
  }
  return ok();
}

Result<Incidents::Progress> IncidentStep::contain() {
  const bool missing = std::any_of(row_.items.begin(), row_.items.end(),
                                   [](const auto& item) { return item.subject && !item.acting; });
  if (missing) return make_shadows();
  const bool now_at_once = row_.incident.request.mode == IncidentMode::kContainFirst;
  std::vector<int> open;
  for (const IncidentItem& item : row_.items) {
    if (!item.suspect) continue;
    if (!item.taken) {
      KW_OK(take_versions(touch(item.position)));
    }
    if (now_at_once && item.revoked.size() < item.versions.size()) open.push_back(item.position);
  }
  if (!touched_.empty()) {
    tell("incident.versions_taken", std::to_string(touched_.size()) + " suspects read again");
    return commit([this](Change change) { return mark_touched(change); });
  }
  if (!open.empty()) return revoke_items(open, true);
  if (now_at_once) {
    KW_TRY(const bool all, confirm_refusals());
    if (!touched_.empty()) return commit();
    if (!all) return waiting("revocation_unconfirmed");
    row_.incident.revoked_at = now();
  }
  return reach(IncidentPhase::kContained, "incident.contained",
               now_at_once ? "all suspect versions are refused everywhere"
                           : "marked and frozen; nothing revoked yet");
}

Result<Incidents::Progress> IncidentStep::report() {
  KW_TRY(const BlastRadius radius, incidents_.measure(row_.items, row_.incident.id.text(),
                                                      row_.incident.request.compromised_since));
  const std::string text = blast_radius_json(radius);
  row_.incident.phase = IncidentPhase::kReported;
  tell("incident.reported", std::to_string(radius.subjects.size()) + " subjects, " +
                                std::to_string(radius.gaps.size()) + " gaps");
  return commit([&](Change change) { return save_report(change.tx, row_.incident.id, text); });
}

}  // namespace kw::rotation
