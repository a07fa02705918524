// Incidents as operations: look, open, decide, follow. How they go on: rotation/incident.h.
#pragma once

#include <optional>
#include <vector>

#include "rotation/incident.h"
#include "service/gate.h"

namespace kw::service {

/// One incident with all that people look at.
struct IncidentView {
  rotation::Incident incident;
  std::vector<rotation::IncidentItem> items;
  std::vector<rotation::TimelineEntry> timeline;
  std::optional<auth::Approval> approval;  ///< the last one that was asked for
  /// Who has moved to the new version, for up to 200 suspects, by position.
  std::vector<std::pair<int, rotation::Board>> boards;
};
/// What would be done, and how far the suspects reach.
struct IncidentForecast {
  rotation::IncidentPlan plan;
  rotation::BlastRadius radius;
};
struct OpenedIncident {
  IncidentView view;
  rotation::BlastRadius radius;  ///< as seen before it was opened
};
struct IncidentOrder {
  rotation::IncidentRequest request;
  std::string plan;  ///< hash of the plan that was shown; "" whatever the plan is now
};

/// Reads only. The call's tenant, when it names one, must be the one of the scope.
/// @errors those of Incidents::plan; kPermissionDenied(outside_tenant): the scope or the plan
///   reaches other tenants than the call's
Result<IncidentForecast> plan_incident(House& house, Call& call,
                                       const rotation::IncidentRequest& request);
/// Marks and freezes, and asks two others; a drill goes on at once.
/// @errors as plan_incident; kAborted(plan_stale) @audit incident.opened, approval.open
Result<OpenedIncident> open_incident(House& house, Call& call, const IncidentOrder& order,
                                     const Wording<OpenedIncident>& wording = {});

/// The incident that the path names, after authorisation for its tenant, which it puts into the
/// call. @errors as authorise; kNotFound(not_found)
Result<rotation::Incident> visible_incident(House& house, Call& call, const IncidentId& id);
Result<IncidentView> show_incident(House& house, Call& call, const IncidentId& id);
/// Newest first; of the call's tenant when it names one. @param limit 1 to 1,000
Result<std::vector<rotation::Incident>> list_incidents(House& house, Call& call, bool open_only,
                                                       int limit);

enum class IncidentDecision : std::uint8_t {
  kAskAgain,      ///< by the opener: the approval that was asked for is closed
  kBreakGlass,    ///< by one person, not the one who reviews it
  kJustified,     ///< review
  kNotJustified,  ///< review
  kWithdraw,
};
/// @errors those of Incidents; kPermissionDenied(not_the_opener),
///   kFailedPrecondition(approval_live): the approval that was asked for can still be given
/// @audit incident.break_glass, .reviewed, .withdrawn, .approval_asked
Result<IncidentView> decide_incident(House& house, Call& call, const IncidentId& id,
                                     IncidentDecision decision,
                                     const Wording<IncidentView>& wording = {});

/// The blast radius as JSON. @errors kFailedPrecondition(not_reported)
Result<std::string> incident_report(House& house, Call& call, const IncidentId& id);
/// The signed file. @errors kFailedPrecondition(incident_open)
Result<std::string> incident_evidence(House& house, Call& call, const IncidentId& id);
Result<std::vector<rotation::Notice>> incident_notices(House& house, Call& call,
                                                       const IncidentId& id);
/// Someone sent the notice as it reads now. @errors kNotFound(no_such_notice)
/// @audit incident.notice
Status note_incident_notice(House& house, Call& call, const IncidentId& id, std::string_view kind,
                            std::string_view recipient, const Wording<Done>& wording = {});

}  // namespace kw::service
