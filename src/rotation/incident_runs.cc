#include "rotation/incident_runs.h"

#include <algorithm>

#include "rotation/run_machine.h"

namespace kw::rotation {
namespace {

constexpr Seconds kPatienceMin{60};

// Ends a run that stands in the way, if it can be ended; else it is waited for.
Status make_way(Runs& runs, Change change, const Run& run) {
  if (run.state == RunState::kRollingBack) return ok();
  if (may_move(run, Move::kAbort)) {
    KW_OK(runs.abort(change, run.id));
  } else if (may_move(run, Move::kRollBack)) {
    KW_OK(runs.roll_back(change, run.id));
  }
  return ok();
}

}  // namespace

EffectivePolicy emergency_policy(const ReplaceOrder& order, Seconds left) {
  EffectivePolicy policy;
  policy.set_by.push_back(
      {"old_version", order.keep_old ? "keep" : "retire", "emergency", "an incident replaces it"});
  policy.rollout_percent = {100};
  policy.approvals = 0;
  // Consumers that stay silent must not hold up the replacement until after the deadline.
  policy.acknowledgement_deadline =
      order.old_is_dead ? Seconds{1} : std::max(kPatienceMin, left / 2);
  policy.old_version = order.keep_old ? OldVersion::kKeepSecondary : OldVersion::kRetire;
  policy.state_deadline = std::max(kPatienceMin, left / 4);
  return policy;
}

Result<std::optional<std::string>> RunReplacement::start(Change change, const Subject& subject,
                                                         const ReplaceOrder& order) {
  KW_TRY(const auto open, runs_.open_run(change.tx, subject));
  if (open && open->trigger == Trigger::kEmergency)
    return std::optional<std::string>(open->id.text());
  if (open) {
    KW_OK(make_way(runs_, change, *open));
    KW_TRY(const auto still, runs_.open_run(change.tx, subject));
    if (still) return std::optional<std::string>();
  }
  const auto left = std::chrono::duration_cast<Seconds>(order.deadline - clock_.wall());
  StartOptions options;
  options.trigger = Trigger::kEmergency;
  options.reason = "incident";
  options.emergency = true;
  options.policy = emergency_policy(order, std::max(left, Seconds{0}));
  KW_TRY(const Run run, runs_.start(change, subject, options));
  return std::optional<std::string>(run.id.text());
}

Result<ReplaceState> RunReplacement::look(store::Reader& reader, const std::string& id) {
  KW_TRY(const RunId run_id, RunId::parse(id));
  KW_TRY(const Run run, runs_.show(reader, run_id));
  ReplaceState state;
  state.to = run.to_version;
  state.problem = run.problem;
  state.failed = run.state == RunState::kRolledBack || run.state == RunState::kAborted;
  state.promoted =
      run.promoted_at.has_value() && !state.failed && run.state != RunState::kRollingBack;
  return state;
}

}  // namespace kw::rotation
