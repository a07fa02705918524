#include "rotation/run_machine.h"

#include <algorithm>
#include <array>

namespace kw::rotation {

namespace {

using S = RunState;
using G = Guard;
using M = Move;

constexpr std::array<StateRow, 11> kTable = {{
    // state, verb, guard, next, undo, undo guard, on definite fail, abort, back, swap
    {S::kPlan, {}, G::kPlanned, S::kApprove, {}, G::kNone, M::kAbort, true, false, false},
    {S::kApprove, {}, G::kApproved, S::kGenerate, {}, G::kNone, M::kAbort, true, false, false},
    {S::kGenerate, Verb::kCreatePending, G::kNone, S::kStage, Verb::kRemovePending, G::kReleased,
     M::kRegenerate, false, true, false},
    {S::kStage,
     Verb::kInstall,
     G::kNone,
     S::kValidate,
     {},
     G::kNone,
     M::kRegenerate,
     false,
     true,
     true},
    {S::kValidate,
     Verb::kTest,
     G::kReady,
     S::kRollout,
     {},
     G::kNone,
     M::kRegenerate,
     false,
     true,
     true},
    {S::kRollout, Verb::kSetRollout, G::kRolledOut, S::kPromote, Verb::kSetRollout, G::kNone,
     M::kRollBack, false, true, true},
    {S::kPromote, Verb::kPromote, G::kNone, S::kDrain, Verb::kDemote, G::kNone, M::kRollBack, false,
     true, false},
    {S::kDrain, {}, G::kDrained, S::kQuarantine, {}, G::kNone, M::kAskOperator, false, true, false},
    {S::kQuarantine, Verb::kDisableOld, G::kQuarantined, S::kRevoke, Verb::kRestoreOld, G::kNone,
     M::kAskOperator, false, true, false},
    {S::kRevoke,
     Verb::kRevokeOld,
     G::kDead,
     S::kArchive,
     {},
     G::kNone,
     M::kAskOperator,
     false,
     false,
     false},
    {S::kArchive,
     Verb::kDispose,
     G::kNone,
     S::kDone,
     {},
     G::kNone,
     M::kAskOperator,
     false,
     false,
     false},
}};

constexpr std::array<std::string_view, 9> kGuardNames = {"none",        "planned",    "approved",
                                                         "ready",       "rolled_out", "drained",
                                                         "quarantined", "dead",       "released"};
constexpr std::array<std::string_view, 10> kMoveNames = {
    "advance", "pause",      "resume",       "abort", "roll_back",
    "unwound", "regenerate", "ask_operator", "retry", "swapped"};

std::string_view why_not_ready(const Evidence& e, const GuardSet& guards) {
  if (guards.test && !e.tested) return "not_tested";
  if (!e.published) return "publishing";
  return guards.acknowledgements && !e.loaded ? "acknowledgements" : "";
}

std::string_view why_not_rolled_out(const Evidence& e, const GuardSet& guards) {
  if (!e.percent_last) return "rollout";
  if (!e.healthy) return "unhealthy";
  return guards.acknowledgements && !(e.loaded && e.used) ? "acknowledgements" : "";
}

std::string_view why_not_drained(const Evidence& e, const GuardSet& guards) {
  if (!e.overlap_over) return "overlap";
  if (!e.quiet) return "in_use";
  return guards.acknowledgements && !e.moved_on ? "acknowledgements" : "";
}

std::string_view why_not_planned(const Evidence& e, const GuardSet& guards) {
  if (!e.no_drift) return "drift";
  if (guards.free_slot && !e.free_slot) return "no_free_slot";
  return e.overlap_enough ? "" : "overlap_too_short";
}

// Where a run stands in the order of the working states, whatever holds it up.
const StateRow* standing(const Run& run) {
  const bool aside = run.state == S::kPaused || run.state == S::kNeedsOperator;
  return state_row(aside ? run.resumes_to : run.state);
}

bool legal(const Run& run, Move move) {
  const StateRow* row = state_row(run.state);
  const StateRow* stands = standing(run);
  switch (move) {
    case M::kAdvance:
    case M::kPause:
      return row != nullptr;
    case M::kResume:
      return run.state == S::kPaused;
    case M::kRetry:
      return run.state == S::kNeedsOperator;
    case M::kAbort:
      return stands != nullptr && stands->abortable;
    case M::kRollBack:
      return stands != nullptr && stands->reversible;
    case M::kUnwound:
      return run.state == S::kRollingBack;
    case M::kRegenerate:
      return row != nullptr && row->on_definite_fail == M::kRegenerate;
    case M::kAskOperator:
      return row != nullptr || run.state == S::kRollingBack;
    case M::kSwapped:
      return row != nullptr && row->swappable;
  }
  return false;
}

void enter(Run& run, RunState state) {
  run.state = state;
  run.worked = false;
  run.problem.clear();
}

void unwind(Run& run) {
  run.worked = true;  // whatever comes before the state that was reached had been done
  if (run.undoing <= S::kGenerate) {
    run.state = S::kRolledBack;
  } else {
    run.undoing = static_cast<RunState>(static_cast<int>(run.undoing) - 1);
  }
}

void carry_out(Run& run, Move move) {
  switch (move) {
    case M::kAdvance:
      return enter(run, state_row(run.state)->next);
    case M::kSwapped:
      return enter(run, S::kPromote);
    case M::kRegenerate:
      ++run.discarded;
      run.to_version = 0;
      run.staged_at.reset();
      return enter(run, S::kGenerate);
    case M::kAbort:
      run.state = S::kAborted;
      return;
    case M::kRollBack:
      run.undoing = standing(run)->state;
      run.state = S::kRollingBack;
      return;
    case M::kUnwound:
      return unwind(run);
    case M::kPause:
    case M::kAskOperator:
      run.resumes_to = run.state;
      run.state = move == M::kPause ? S::kPaused : S::kNeedsOperator;
      return;
    case M::kResume:
    case M::kRetry:
      run.state = run.resumes_to;
      run.problem.clear();
      return;
  }
}

}  // namespace

std::string_view guard_name(Guard guard) {
  return kGuardNames[static_cast<std::size_t>(guard)];
}

std::string_view move_name(Move move) {
  return kMoveNames[static_cast<std::size_t>(move)];
}

std::string_view why_not(Guard guard, const Evidence& e, const GuardSet& guards) {
  if (guards.fencing && !e.fenced) return "fenced";
  switch (guard) {
    case G::kNone:
      return "";
    case G::kPlanned:
      return why_not_planned(e, guards);
    case G::kApproved:
      return e.approved ? "" : "approval_open";
    case G::kReady:
      return why_not_ready(e, guards);
    case G::kRolledOut:
      return why_not_rolled_out(e, guards);
    case G::kDrained:
      return why_not_drained(e, guards);
    case G::kQuarantined:
      return e.quarantine_over ? "" : "quarantine";
    case G::kDead:
      return e.old_refused ? "" : "old_still_accepted";
    case G::kReleased:
      return !guards.acknowledgements || e.released ? "" : "acknowledgements";
  }
  return "unknown_guard";
}

std::span<const StateRow> state_table() {
  return kTable;
}

const StateRow* state_row(RunState state) {
  const auto index = static_cast<std::size_t>(state);
  return index < kTable.size() ? &kTable[index] : nullptr;
}

bool skipped(RunState state, const Traits& traits, const Run& run) {
  const EffectivePolicy& policy = run.policy;
  const bool stays = run.from_version == 0 || policy.old_version == OldVersion::kKeepSecondary;
  switch (state) {
    case S::kDrain:
      return run.from_version == 0 ||
             (stays && policy.min_overlap.count() == 0 && policy.quiet.count() == 0);
    case S::kQuarantine:
      return stays || !traits.soft_disable || policy.quarantine.count() == 0;
    case S::kRevoke:
      return stays || !traits.revocable;
    case S::kArchive:
      return stays;
    default:
      return false;
  }
}

Seconds state_deadline(RunState state, const EffectivePolicy& policy) {
  Seconds planned{0};
  if (state == S::kValidate) planned = policy.publish_wait + policy.acknowledgement_deadline;
  if (state == S::kRollout) planned = policy.soak + policy.acknowledgement_deadline;
  if (state == S::kDrain)
    planned = std::max(policy.min_overlap, policy.quiet) + policy.acknowledgement_deadline;
  if (state == S::kQuarantine) planned = policy.quarantine;
  if (finished(state) || policy.state_deadline.count() == 0) return Seconds{0};
  return planned + policy.state_deadline;
}

bool may_move(const Run& run, Move move) {
  return legal(run, move);
}

Status make_move(Run& run, Move move, WallTime now) {
  if (!legal(run, move)) {
    return error(Code::kFailedPrecondition, "invalid_run_transition",
                 "a run in this state cannot do that");
  }
  carry_out(run, move);
  run.attempts = 0;
  run.entered_at = now;
  if (finished(run.state)) run.finished_at = now;
  return ok();
}

}  // namespace kw::rotation
