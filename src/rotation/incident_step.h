// How an incident goes on: one bounded step after the other. Inside the room only.
//
// Each step reads everything, does its outside work, and then commits what it found in one
// transaction that checks the incident's epoch: of two nodes one wins, and after a kill the step is
// done again. What changes our own store is done inside that transaction, so it happens once.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "rotation/incident_rows.h"

namespace kw::rotation {

class IncidentStep {
 public:
  IncidentStep(Incidents& incidents, const audit::Event& by, IncidentRow row)
      : incidents_(incidents), by_(by), row_(std::move(row)) {}

  Result<Incidents::Progress> make();

 private:
  using Progress = Incidents::Progress;
  struct Line {
    std::string what, detail;
  };

  Result<Progress> decide();
  Result<Progress> get_approval();
  Result<Progress> make_shadows();
  Result<Progress> contain();
  Result<Progress> report();
  Result<Progress> replace();
  Result<Progress> revoke();
  Result<Progress> begin_reencryption();
  Result<Progress> watch_reencryption();
  Result<Progress> close();

  Result<bool> tell_if_late();
  Status take_versions(IncidentItem& item);
  Status mark_touched(Change change);
  Result<bool> start_runs(int wave);
  Result<bool> look_at_runs(int wave, std::string& problem);
  Status note_replaced(IncidentItem& item, const ReplaceState& state);
  Result<Progress> revoke_items(const std::vector<int>& positions, bool outage_accepted);
  Result<bool> confirm_refusals();
  Result<bool> may_revoke(const IncidentItem& item);
  Result<bool> has_replacement(const IncidentItem& item);
  Result<Progress> reach(IncidentPhase phase, std::string what, std::string detail);
  Progress waiting(std::string_view what) const { return {false, std::string(what)}; }

  /// Remembers that an item changed and must be written.
  IncidentItem& touch(int position);
  void tell(std::string what, std::string detail) {
    lines_.push_back({std::move(what), std::move(detail)});
  }
  /// Writes what was touched and told. `inside` runs in the same transaction, before.
  Result<Progress> commit(const std::function<Status(Change)>& inside = {});
  WallTime now() const;
  bool drill() const { return row_.incident.request.drill; }

  Incidents& incidents_;
  const audit::Event& by_;
  IncidentRow row_;
  std::vector<int> touched_;
  std::vector<Line> lines_;
};

/// The evidence draft of an incident: facts and timeline. Checkpoint and time are the caller's.
Result<EvidenceDraft> incident_evidence(const IncidentRow& row, std::string_view report,
                                        std::vector<TimelineEntry> timeline);

}  // namespace kw::rotation
