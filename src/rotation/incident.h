// Emergencies: from the suspicion to signed evidence, with a clock.
//
//   opened -> contained -> reported -> replaced -> revoked -> reencrypting -> evidence -> closed
//
// contain_first revokes as soon as it is approved; continuity_first replaces first and revokes when
// all consumers use the new version, at the latest at the deadline, and never what has no
// replacement (I12). Two people approve, or one breaks the glass and is reviewed within 24 h.
// Everything is in rows: kill it anywhere, tick() goes on, on any node, and nothing happens twice.
//
// Tables: incident, incident_item, incident_freeze, evidence_entry. Rows carry a MAC. Thread-safe.
// Borrows everything it is given. Every line of the timeline has an audit leaf of the same name.
//
//   KW_TRY(const IncidentPlan plan, incidents.plan(request));           // look first
//   KW_TRY(const Incident incident, incidents.open(change, plan));      // marked and frozen
//   KW_OK(incidents.tick(by));                                          // again and again
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "audit/change_log.h"
#include "base/clock.h"
#include "base/id.h"
#include "rotation/blast_radius.h"
#include "rotation/ceremony.h"
#include "rotation/evidence.h"
#include "rotation/incident_ports.h"
#include "rotation/notice.h"

namespace kw::rotation {

enum class IncidentMode : std::uint8_t { kContainFirst, kContinuityFirst };
std::string_view incident_mode_name(IncidentMode mode);  ///< "contain_first", "continuity_first"
Result<IncidentMode> parse_incident_mode(std::string_view name);

/// What was reached.
enum class IncidentPhase : std::uint8_t {
  kOpened,
  kContained,
  kReported,
  kReplaced,
  kRevoked,
  kReencrypting,
  kEvidence,
  kClosed,
};
std::string_view incident_phase_name(IncidentPhase phase);  ///< "opened" … "closed"

struct IncidentRequest {
  Scope scope;
  IncidentMode mode = IncidentMode::kContinuityFirst;
  std::string reason;                   ///< [a-z0-9_-]{1,64}: "leak", "leaver" …
  std::string description;              ///< what people typed: UTF-8, at most 2,000 bytes
  WallTime compromised_since;           ///< best earliest guess; not in the future
  bool drill = false;                   ///< on shadows; needs no approval
  std::chrono::seconds deadline{3600};  ///< 5 min to 24 h, from opening
};

/// One thing to be dealt with.
struct IncidentItem {
  struct Revoked {
    std::uint32_t version = 0;
    WallTime at;
    std::optional<Refusal> proof;
  };
  int position = 0, wave = 0;
  std::string node;                ///< as the graph names it
  std::optional<Subject> subject;  ///< nothing: outside, only told
  std::optional<Subject> acting;   ///< what is worked on: the subject, or its shadow in a drill
  CascadeMode mode = CascadeMode::kReissue;
  bool suspect = false;  ///< its versions are revoked
  int lead = -1;         ///< shares material with this position, whose run is its run
  Versions versions;     ///< to revoke
  bool taken = false;    ///< versions were read again after the approval
  std::vector<std::string> before, after;  ///< fingerprints
  std::string run;
  int tries = 0;
  std::uint32_t replaced_to = 0;
  bool replaced = false;
  std::vector<Revoked> revoked;
  bool job_begun = false;
  std::string job;
  std::optional<ReencryptState> census;
};

struct BreakGlass {
  std::string by;
  WallTime at, review_due;
  std::string reviewed_by, verdict;  ///< "" until reviewed; "justified" or "not_justified"
};

struct Incident {
  IncidentId id;
  IncidentPhase phase = IncidentPhase::kOpened;
  IncidentRequest request;
  std::string opened_by;
  WallTime opened_at, deadline_at;
  std::string plan_hash;  ///< hex SHA-256 of what the approvers saw
  std::optional<WallTime> approved_at, revoked_at, closed_at;
  std::string approval;
  std::vector<std::string> approvers;
  std::optional<BreakGlass> break_glass;
  bool withdrawn = false;
  bool told_overdue = false, told_review = false;
  std::string problem;  ///< stable; what it waits for or could not do
  std::int64_t epoch = 0;
};

struct IncidentPlan {
  IncidentRequest request;
  std::vector<IncidentItem> items;  ///< suspects and what depends on them, by wave
  std::string hash;
};

struct IncidentHouse {
  store::Store& store;
  audit::ChangeLog& log;
  const Clock& clock;
  RowProof proof;
};

class Incidents {
 public:
  Incidents(IncidentHouse house, IncidentPorts ports);

  /// What would be done. Reads only; not in a transaction.
  /// @errors kInvalidArgument(bad_incident), kFailedPrecondition(no_shadows | no_drill),
  ///   kResourceExhausted(scope_too_large), and those of the ports
  Result<IncidentPlan> plan(const IncidentRequest& request);
  /// How far the plan's suspects reach, before anything is recorded. Not in a transaction.
  Result<BlastRadius> forecast(const IncidentPlan& plan);
  /// Records it, marks the suspects and freezes all of the plan: nothing irreversible.
  /// @audit incident.opened
  Result<Incident> open(Change change, const IncidentPlan& plan);
  /// Notes which approval was asked for: the port `approved` finds it in incident.approval. Again
  /// when one expired. @errors kFailedPrecondition(incident_moved) @audit incident.approval_asked
  Result<Incident> ask_approval(Change change, const IncidentId& id, std::string_view approval);
  /// One person lets it go on at once; review is due in 24 h, and it does not close before.
  /// @errors kFailedPrecondition(incident_moved), kDataLoss(plan_changed): the stored items are not
  ///   those that the plan's hash covers @audit incident.break_glass (alert)
  Result<Incident> break_glass(Change change, const IncidentId& id);
  /// By another person than the one who broke the glass. @audit incident.reviewed
  /// @errors kPermissionDenied(own_request), kFailedPrecondition(nothing_to_review | reviewed)
  Result<Incident> review(Change change, const IncidentId& id, bool justified);
  /// A false alarm: marks and freeze are taken back. Only before it was approved.
  /// @errors kFailedPrecondition(incident_moved) @audit incident.withdrawn
  Result<Incident> withdraw(Change change, const IncidentId& id);

  struct Progress {
    bool moved = false;
    std::string waits_for;  ///< "" or stable: approval_open, replacement, acknowledgements …
  };
  /// One bounded step of one incident. Not in a transaction.
  /// @errors kNotFound(not_found), and those of ports and store: nothing is lost, try again
  Result<Progress> advance(const audit::Event& by, const IncidentId& id);
  /// Takes every open incident as far as it goes now. @returns steps made.
  Result<int> tick(const audit::Event& by);

  /// The incident, the oldest of several, that alone may rotate the subject now.
  Result<std::optional<IncidentId>> frozen_by(store::Reader& reader, const Subject& subject);
  /// All of them, as Subject::text(): for a scheduler that asks about many.
  Result<std::set<std::string>> all_frozen(store::Reader& reader);

  Result<Incident> show(store::Reader& reader, const IncidentId& id);
  Result<std::vector<IncidentItem>> items(store::Reader& reader, const IncidentId& id);
  /// Newest first. @param limit 1 to 1,000
  Result<std::vector<Incident>> list(store::Reader& reader, bool open_only, int limit);
  Result<std::vector<TimelineEntry>> timeline(store::Reader& reader, const IncidentId& id);
  /// The blast radius report as JSON; "" before it was made.
  Result<std::string> report(store::Reader& reader, const IncidentId& id);
  /// The signed evidence file; "" before it is closed.
  Result<std::string> evidence(store::Reader& reader, const IncidentId& id);
  /// What would be sent, to whom: sends nothing, records nothing.
  Result<std::vector<Notice>> notices(store::Reader& reader, const IncidentId& id);
  /// Someone sent a notice: recorded with its digest. @audit incident.notice
  Status notice_sent(Change change, const IncidentId& id, const Notice& notice);

 private:
  friend class IncidentStep;
  Result<BlastRadius> measure(const std::vector<IncidentItem>& items, std::string incident,
                              WallTime since);
  Status check_plan(store::Reader& reader, const Incident& incident);
  Result<Incident> change_head(Change change, Incident incident, std::string_view what,
                               std::string_view detail);
  IncidentHouse house_;
  IncidentPorts ports_;
};

}  // namespace kw::rotation
