// Re-encryption, evidence and the end of an incident.
#include <algorithm>

#include "base/failpoint.h"
#include "codec/json.h"
#include "rotation/evidence_timeline.h"
#include "rotation/incident_record.h"
#include "rotation/incident_step.h"

namespace kw::rotation {
namespace {

constexpr std::size_t kJobsPerStep = 64;

bool wants_job(const IncidentItem& item) {
  return item.suspect && item.acting;
}

}  // namespace

Result<Incidents::Progress> IncidentStep::begin_reencryption() {
  std::vector<int> wanted;
  for (const IncidentItem& item : row_.items)
    if (wants_job(item) && !item.job_begun && wanted.size() < kJobsPerStep)
      wanted.push_back(item.position);
  if (wanted.empty())
    return reach(IncidentPhase::kReencrypting, "incident.reencrypting", "every job has begun");
  KW_OK(incidents_.house_.store.write([&](store::Tx& tx) -> Status {
    const Change change{tx, by_};
    Incident incident = row_.incident;
    for (const int position : wanted) {
      IncidentItem item = row_.items[static_cast<std::size_t>(position)];
      KW_TRY(item.job, incidents_.ports_.reencrypt.start(change, *item.acting, item.versions));
      item.job_begun = true;
      KW_OK(save_item(tx, incident.id, item));
      const std::string what = item.job.empty() ? " has nothing to re-encrypt" : " job " + item.job;
      KW_TRY(incident, incidents_.change_head(change, incident, "incident.job_started",
                                              item.acting->text() + what));
    }
    return ok();
  }));
  KW_FAILPOINT("incident.committed");
  return Progress{true, {}};
}

Result<Incidents::Progress> IncidentStep::watch_reencryption() {
  std::string_view problem;
  for (const IncidentItem& item : row_.items) {
    if (!wants_job(item) || item.job.empty() || (item.census && item.census->done)) continue;
    KW_TRY(const ReencryptState state, incidents_.ports_.reencrypt.state(item.job));
    if (!state.done) {
      problem = state.failed ? "reencryption_failed" : "reencryption";
      continue;
    }
    touch(item.position).census = state;
    tell("incident.reencrypted", item.acting->text() + ", " + std::to_string(state.items) +
                                     " items, " + std::to_string(state.left) + " left");
  }
  if (!touched_.empty()) return commit();
  if (!problem.empty()) return waiting(problem);
  row_.incident.phase = IncidentPhase::kEvidence;
  tell("incident.thawed", "schedules go on");
  return commit([this](Change change) { return thaw(change.tx, row_.incident.id); });
}

// The last line of the timeline is in the evidence: it is computed first and then written as it is,
// which the incident's epoch guarantees.
Result<Incidents::Progress> IncidentStep::close() {
  const auto& glass = row_.incident.break_glass;
  if (glass && glass->verdict.empty()) return waiting("review");
  const auto signer = incidents_.house_.log.signer();
  if (signer == nullptr) return waiting("sealed");
  if (drill()) {
    KW_OK(incidents_.ports_.shadows->remove(by_, row_.incident.id.text()));
  }
  KW_TRY(const std::string checkpoint, incidents_.house_.log.checkpoint());
  KW_TRY(const std::string key, incidents_.house_.log.verifier_key());
  std::string report;
  std::vector<TimelineEntry> timeline;
  TimelineEntry last;
  last.at = now();
  last.who = by_.actor.empty() ? "system" : std::string(by_.actor);
  last.what = "incident.closed";
  last.detail = "evidence signed";
  KW_OK(incidents_.house_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(report, incidents_.report(reader, row_.incident.id));
    KW_TRY(timeline, read_timeline(reader, row_.incident.id.text()));
    KW_TRY(last, next_entry(reader, row_.incident.id.text(), last));
    return ok();
  }));
  timeline.push_back(last);
  row_.incident.phase = IncidentPhase::kClosed;
  row_.incident.closed_at = last.at;
  KW_TRY(EvidenceDraft draft, incident_evidence(row_, report, std::move(timeline)));
  draft.checkpoint = checkpoint;
  draft.made_at = last.at;
  KW_TRY(const std::string file, sign_evidence(draft, *signer, key));
  KW_FAILPOINT("incident.evidence");
  KW_OK(incidents_.house_.store.write([&](store::Tx& tx) -> Status {
    const Change change{tx, by_};
    KW_OK(incidents_.change_head(change, row_.incident, last.what, last.detail));
    KW_TRY(const auto hash, tx.query_one("SELECT hash FROM evidence_entry WHERE object = $1"
                                         " ORDER BY seq DESC LIMIT 1",
                                         {row_.incident.id.text()}));
    // Another line came between the two: the next try signs it as well.
    if (!hash || hash->text(0) != last.hash)
      return error(Code::kAborted, "incident_moved", "the timeline went on meanwhile");
    return save_evidence(tx, row_.incident.id, file);
  }));
  KW_FAILPOINT("incident.committed");
  return Progress{true, {}};
}

Result<EvidenceDraft> incident_evidence(const IncidentRow& row, std::string_view report,
                                        std::vector<TimelineEntry> timeline) {
  codec::JsonWriter out;
  out.begin_object().name("incident").raw(incident_json(row.incident));
  out.name("items").begin_array();
  for (const IncidentItem& item : row.items) out.raw(item_json(item));
  out.end_array();
  out.name("blast_radius").raw(report.empty() ? "null" : report).end_object();
  EvidenceDraft draft;
  draft.kind = "incident";
  draft.id = row.incident.id.text();
  draft.facts = std::string(out.text());
  draft.timeline = std::move(timeline);
  return draft;
}

}  // namespace kw::rotation
