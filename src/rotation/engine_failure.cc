// What happens when a verb does not succeed: look, try later, discard, roll back or ask.
#include "rotation/engine_state.h"

namespace kw::rotation {

namespace {

constexpr int kAttemptsMax = 12;
constexpr int kDiscardsMax = 3;

bool unsettled(const Work& work) {
  for (const Op& op : work.ops)
    if (op.kind == Op::Kind::kSettle) return true;
  return false;
}

std::string_view outcome_name(Outcome outcome) {
  if (outcome == Outcome::kOk) return "ok";
  return outcome == Outcome::kUnknown ? "unknown" : "definite_fail";
}

bool destructive(Verb verb) {
  return verb == Verb::kRevokeOld || verb == Verb::kDispose || verb == Verb::kRemovePending;
}

// What a wrong wall clock must not decide.
bool bound_to_time(Verb verb) {
  return verb == Verb::kPromote || verb == Verb::kDisableOld || verb == Verb::kRevokeOld ||
         verb == Verb::kDispose;
}

}  // namespace

std::optional<std::string_view> Engine::State::forbidden(const Work& work, Verb verb) {
  if (clock_watch.frozen() && by_schedule(work.run.trigger) && bound_to_time(verb))
    return "clock_frozen";
  const std::scoped_lock lock(mutex);
  if (work.traits.external) {
    if (destructive(verb) && steady() < destructive_after) return "takeover";
    // Foreign systems cannot fence: a call begins only with lease time left.
    if (!lease || lease->good_until - lease_steady() < options.lease / 3) return "lease";
  }
  if (!breakers[work.target].allow(steady())) return "breaker_open";
  return std::nullopt;
}

bool Engine::State::note_outcome(Work& work, Verb verb, const Performed& performed) {
  const bool done = performed.outcome == Outcome::kOk;
  metrics.step(verb_name(verb), work.run.subject.kind, outcome_name(performed.outcome));
  const std::scoped_lock lock(mutex);
  Breaker& breaker = breakers[work.target];
  const bool was_open = breaker.open(steady());
  if (done) {
    breaker.succeeded();
  } else {
    breaker.failed(steady());
  }
  if (was_open != breaker.open(steady())) metrics.breaker(work.target, !was_open);
  return done;
}

bool Engine::State::failed(Work& work, Verb verb, const Performed& performed) {
  const std::string reason = performed.reason.empty() ? "no_reason" : performed.reason;
  work.verbs = std::string(verb_name(verb));
  if (performed.outcome == Outcome::kUnknown) {
    try_later(work, reason);
    if (work.traits.external && state_row(work.run.state) != nullptr) resolve(work);
    return false;
  }
  // A chain that made a version commits it first: it can only be thrown away by its number.
  if (unsettled(work)) {
    work.again = true;
    return false;
  }
  work.failed = true;
  work.outcome = "definite_fail";
  work.detail = work.run.problem = reason;
  const StateRow* row = state_row(work.run.state);
  const Move move_on = row == nullptr ? Move::kAskOperator : row->on_definite_fail;
  if (move_on == Move::kRegenerate) return discard(work, reason);
  return move(work, move_on);
}

bool Engine::State::try_later(Work& work, std::string_view reason) {
  Run& run = work.run;
  work.failed = true;
  work.outcome = "unknown";
  work.detail = run.problem = std::string(reason);
  ++run.attempts;
  run.next_at = now() + delays.next(run.attempts);
  const StateRow* row = state_row(run.state);
  const bool back = row != nullptr && row->reversible && !run.promoted_at;
  if (run.attempts >= kAttemptsMax && back) move(work, Move::kRollBack);
  return false;
}

bool Engine::State::discard(Work& work, std::string_view reason) {
  Run& run = work.run;
  if (run.discarded >= kDiscardsMax) return move(work, Move::kRollBack);
  if (work.traits.external || run.to_version != 0) {
    const Performed gone = perform(work, Verb::kRemovePending, run.percent);
    if (!note_outcome(work, Verb::kRemovePending, gone)) return try_later(work, reason);
    Op op;
    op.kind = Op::Kind::kSettle;
    op.verb = Verb::kRemovePending;
    op.performed = gone;
    work.ops.push_back(std::move(op));
  }
  move(work, Move::kRegenerate);
  work.again = true;
  return false;
}

bool Engine::State::look_first(Work& work) {
  if (!work.traits.external) return true;
  {
    const std::scoped_lock lock(mutex);
    if (looked_at.contains(work.run.id)) return true;
  }
  if (!work.ops.empty()) {
    work.again = true;
    return false;
  }
  return resolve(work);
}

bool Engine::State::resolve(Work& work) {
  const Result<Observed> seen = work.rotatable->inspect(work.run);
  if (!seen) return work.failed ? false : try_later(work, seen.error().reason);
  const ResumeDecision decision = resume_after_look(work.run, *seen);
  if (decision.resume == Resume::kAskOperator) {
    work.detail = work.run.problem = std::string(decision.reason);
    return move(work, Move::kAskOperator);
  }
  if (decision.resume == Resume::kInstallAgain) {
    const Performed again = perform(work, Verb::kInstall, work.run.percent);
    if (!note_outcome(work, Verb::kInstall, again))
      return work.failed ? false : try_later(work, "install_again");
  }
  {
    const std::scoped_lock lock(mutex);
    looked_at.insert(work.run.id);
  }
  return decision.resume == Resume::kPromoteNow ? move(work, Move::kSwapped) : true;
}

}  // namespace kw::rotation
