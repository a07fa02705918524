// Runs as people and the service see them: start, look, steer. The engine carries them out.
//
// Tables: rotation_run (at most one open run per subject: a partial unique index), rotation_step
// (its history). Every change is a compare-and-swap on the run's epoch with one step row, one audit
// leaf (kind "run") and the announcement "run:<id>", in the caller's transaction. Thread-safe.
// Borrows the log and the clock.
//
//   KW_TRY(const Run run, runs.start(change, subject, options));   // then engine.wake()
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/change_log.h"
#include "rotation/run.h"
#include "rotation/run_machine.h"
#include "store/store.h"

namespace kw::rotation {

/// Who changes what, in which transaction. `by` carries actor, peer, request id, policy hash and
/// approval for the leaf.
struct Change {
  store::Tx& tx;
  const audit::Event& by;
};

struct StartOptions {
  Trigger trigger = Trigger::kManual;
  std::string reason;      ///< [a-z0-9_-]{0,64}
  std::string algorithm;   ///< "" keeps the present one
  bool emergency = false;  ///< trigger and rank of an emergency; needs a policy that says how
  /// Instead of the policies that apply; the caller decided that it may be.
  std::optional<EffectivePolicy> policy;
};

/// One line of a run's history.
struct Step {
  std::int64_t seq = 0;  ///< the run's epoch after it: grows, may skip
  RunState state = RunState::kPlan;
  std::string verb;     ///< a Verb's name, a Move's name, or several joined by ','
  std::string outcome;  ///< "intent", "ok", "definite_fail", "unknown", "waiting", "moved", "late"
  WallTime at;
  std::string detail;  ///< stable reason, or a path such as "plan,approve,generate"
};

/// Where a list goes on: after this run, towards older ones.
struct RunCursor {
  WallTime created_at;
  RunId id;
};
struct RunFilter {
  std::optional<Subject> subject;
  std::string tenant;  ///< "" every tenant
  std::optional<RunState> state;
  bool open_only = false;
  std::optional<RunCursor> after;
  int limit = 100;  ///< 1 to 1,000
};

class Runs {
 public:
  Runs(audit::ChangeLog& log, const Clock& clock);

  /// A new run in `plan`, due at once.
  /// @errors kInvalidArgument(bad_run: reason or algorithm out of grammar),
  ///   kAlreadyExists(run_open): the subject has a run that is not finished.
  /// @audit run.start
  Result<Run> start(Change change, const Subject& subject, const StartOptions& options);
  /// Lets the run leave `approve`. The caller has spent the approval in the same transaction.
  /// @param plan_hash  what the approvers saw.
  /// @errors kFailedPrecondition(plan_changed | invalid_run_transition), kNotFound(not_found)
  /// @audit run.approve
  Result<Run> approve(Change change, const RunId& id, std::string_view approval,
                      std::string_view plan_hash);
  /// Aside, until resume. @audit run.pause
  /// @errors kFailedPrecondition(invalid_run_transition), kNotFound(not_found), kAborted(run_moved)
  Result<Run> pause(Change change, const RunId& id);
  /// @audit run.resume
  Result<Run> resume(Change change, const RunId& id);
  /// Ends a run that has made nothing yet. @audit run.abort
  Result<Run> abort(Change change, const RunId& id);
  /// Unwinds a run that has not passed the point of no return. @audit run.rollback
  Result<Run> roll_back(Change change, const RunId& id);
  /// What `generate` waited for is there: the caller made this version in the same transaction.
  /// @errors kFailedPrecondition(invalid_run_transition): it does not wait for a person
  /// @audit run.give
  Result<Run> give(Change change, const RunId& id, std::uint32_t version);
  /// Out of needs_operator, or at once out of a wait between two tries. @audit run.retry
  Result<Run> retry(Change change, const RunId& id);

  /// @errors kNotFound(not_found)
  Result<Run> show(store::Reader& reader, const RunId& id);
  /// The subject's run that is not finished, if any.
  Result<std::optional<Run>> open_run(store::Reader& reader, const Subject& subject);
  /// Newest first. @errors kInvalidArgument(bad_limit)
  Result<std::vector<Run>> list(store::Reader& reader, const RunFilter& filter);
  /// Oldest first, at most the last 1,000.
  Result<std::vector<Step>> steps(store::Reader& reader, const RunId& id);

 private:
  Result<Run> steer(Change change, const RunId& id, Move move);

  audit::ChangeLog& log_;
  const Clock& clock_;
};

}  // namespace kw::rotation
