// Two people let an incident go on: the approval that an opened incident waits for, bound to its
// plan. What the port `approved` of rotation::Incidents asks.
#pragma once

#include "auth/approvals.h"
#include "rotation/incident.h"

namespace kw::service {

inline constexpr int kIncidentApprovers = 2;

/// The one tenant that the scope names, or "": the incident is about several or all.
std::string incident_tenant(const rotation::IncidentRequest& request);
/// Opens the approval for others to vote on, valid for 24 h. @errors those of Approvals::open
Result<auth::Approval> ask_for_incident(auth::Approvals& approvals, store::Tx& tx,
                                        const rotation::Incident& incident);
/// Spends it when two others approved this very plan, else says so: open, rejected, expired, spent
/// or for another plan never count. @errors those of the store
Result<rotation::Verdict> spend_for_incident(auth::Approvals& approvals, rotation::Change change,
                                             const rotation::Incident& incident);

}  // namespace kw::service
