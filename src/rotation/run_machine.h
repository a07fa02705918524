// The run state machine as a table: what each state does, what must hold to leave it, what undoes
// it, and which side moves it allows. Everything here is pure; the engine and the model test drive
// the same functions.
//
//   plan -> approve -> generate -> stage -> validate -> rollout -> promote -> drain -> quarantine
//        -> revoke -> archive -> done
//
// Rolling back unwinds: the effect of the state that was reached goes first, then that of the one
// before it, down to `generate`. docs/formats/runs.md shows the table; a test compares them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "rotation/rotatable.h"
#include "rotation/run.h"

namespace kw::rotation {

/// What must hold before a run leaves a state.
enum class Guard : std::uint8_t {
  kNone,
  kPlanned,      ///< no drift, a free slot, overlap longer than every consumer's refresh
  kApproved,     ///< nobody needed, or an approval for this plan's hash
  kReady,        ///< tests passed, published long enough, loaded by every live consumer (I4)
  kRolledOut,    ///< soaked at the last percentage, healthy, used by each environment's canary
  kDrained,      ///< min_overlap over, old one unused for `quiet`, its holders moved on (I3, I10)
  kQuarantined,  ///< stopped long enough
  kDead,         ///< the old one is proved to be refused
  kReleased,     ///< rolling back: no consumer holds the new version any more
};
std::string_view guard_name(Guard guard);

/// What is known when a guard is asked. The defaults let nothing pass.
struct Evidence {
  bool no_drift = false, free_slot = false, overlap_enough = false;
  bool approved = false;
  bool tested = false, published = false, loaded = false;
  bool percent_last = false, healthy = false, used = false;
  bool overlap_over = false, quiet = false, moved_on = false;
  bool quarantine_over = false;
  bool old_refused = false;
  bool released = false;
  bool fenced = false;  ///< this coordinator holds the lease: every state asks for it
};

/// The guards that the model test may take away one by one. Production uses all of them.
struct GuardSet {
  bool acknowledgements = true, test = true, fencing = true, free_slot = true;
};

/// "" when `guard` lets the run pass, else the stable reason why not: "drift", "no_free_slot",
/// "overlap_too_short", "approval_open", "not_tested", "publishing", "acknowledgements", "rollout",
/// "unhealthy", "overlap", "in_use", "quarantine", "old_still_accepted", "fenced".
std::string_view why_not(Guard guard, const Evidence& evidence, const GuardSet& guards = {});

/// How a run changes its state.
enum class Move : std::uint8_t {
  kAdvance,      ///< guard holds: to the next state
  kPause,        ///< aside; resumes where it was
  kResume,       ///< from paused
  kAbort,        ///< nothing was made yet
  kRollBack,     ///< begins to unwind
  kUnwound,      ///< one state's effect is gone; the last one ends in rolled_back
  kRegenerate,   ///< the new version was discarded: generate again
  kAskOperator,  ///< inspect is ambiguous
  kRetry,        ///< from needs_operator, where it was
  kSwapped,      ///< the target swapped already: promote now
};
std::string_view move_name(Move move);

/// One row of the table.
struct StateRow {
  RunState state;
  std::optional<Verb> verb;  ///< done once on entry (rollout: at every percentage)
  Guard guard;               ///< asked after the verb
  RunState next;
  std::optional<Verb> undo;  ///< takes the effect of `verb` back
  Guard undo_guard;          ///< must hold before `undo`
  Move on_definite_fail;     ///< of `verb`: regenerate (3 times, then roll back) or this
  bool abortable;            ///< nothing was made yet
  bool reversible;           ///< can be rolled back
  bool swappable;            ///< a target that already swapped takes the run to promote
};

/// The eleven working states in their order.
std::span<const StateRow> state_table();
/// The row of a working state; nullptr for done and the side states.
const StateRow* state_row(RunState state);
/// True when the state means nothing for these traits, this policy and a run without an old
/// version: it is passed through.
bool skipped(RunState state, const Traits& traits, const Run& run);
/// What a state may last by plan, its waits included; later is an alert. 0: unbounded.
Seconds state_deadline(RunState state, const EffectivePolicy& policy);

/// Makes the move: state, resumes_to, undoing, worked, entered_at, attempts and (going on) problem
/// change; finished_at is set with the end.
/// @errors kFailedPrecondition(invalid_run_transition)
Status make_move(Run& run, Move move, WallTime now);
/// As make_move on a copy.
bool may_move(const Run& run, Move move);

}  // namespace kw::rotation
