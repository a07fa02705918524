// Runs: start, look, steer, approve.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rotation/runs.h"
#include "service/gate.h"
#include "service/run_report.h"

namespace kw::service {

struct RunOrder {
  rotation::Subject subject;  ///< of the call's tenant
  std::string reason;         ///< [a-z0-9_-]{0,64}
  std::string algorithm;      ///< "" keeps the present one
  /// At once: no windows, no soak, no approvals of the policy, but two people before it starts.
  bool emergency = false;
};
/// @errors kInvalidArgument(bad_subject | bad_run), kNotFound(not_found),
///   kFailedPrecondition(approval_required | frozen_by_incident | run_open). @audit run.start
Result<rotation::Run> start_run(House& house, Call& call, const RunOrder& order,
                                const Wording<rotation::Run>& wording = {});

Result<std::vector<rotation::Run>> list_runs(House& house, Call& call, rotation::RunFilter filter);

/// The run that the path names, after authorisation for its tenant, which it puts into the call.
/// @errors as authorise; kNotFound(not_found)
Result<rotation::Run> visible_run(House& house, Call& call, const RunId& id);
struct RunView {
  rotation::Run run;
  std::vector<rotation::Step> steps;  ///< at most the last 1,000
  RunReport report;
};
Result<RunView> show_run(House& house, Call& call, const RunId& id);

enum class RunSteering : std::uint8_t { kPause, kResume, kAbort, kRollBack, kRetry };
/// @errors kFailedPrecondition(invalid_run_transition), kAborted(run_moved). @audit run.pause,
/// run.resume, run.abort, run.rollback, run.retry
Result<rotation::Run> steer_run(House& house, Call& call, const RunId& id, RunSteering steering,
                                const Wording<rotation::Run>& wording = {});

/// One vote for the plan of a run that waits for approval; the last one lets it go on.
struct RunVote {
  rotation::Run run;
  std::string approval;  ///< id
  int approved = 0, needed = 0;
};
/// @param plan_hash  what the approver saw.
/// @errors kFailedPrecondition(plan_changed | invalid_run_transition | already_voted),
///   kPermissionDenied(own_request). @audit run.vote, run.approve
Result<RunVote> approve_run(House& house, Call& call, const RunId& id, std::string_view plan_hash,
                            const Wording<RunVote>& wording = {});
/// An approval that was voted for as such: when it is one of a run's plan and complete, the run
/// goes on. @errors kFailedPrecondition(plan_changed)
Status pass_on_to_run(House& house, keys::Change change, const auth::Approval& approval);

/// The wall clock is right although it jumped: schedules go on. @audit rotation.clock.confirm
Status confirm_rotation_clock(House& house, Call& call);

/// Refuses a change of a subject beside its open run (I5), which call.details then names.
/// @errors kFailedPrecondition(run_open)
Status require_no_run(House& house, Call& call, store::Reader& reader,
                      const rotation::Subject& subject);
/// Refuses a rotation by hand of what an incident has frozen, which call.details then names.
/// @errors kFailedPrecondition(frozen_by_incident)
Status require_thawed(House& house, Call& call, store::Reader& reader,
                      const rotation::Subject& subject);

}  // namespace kw::service
