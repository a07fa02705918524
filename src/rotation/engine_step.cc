// One run, carried as far as it goes now: verbs are performed here, outside any transaction.
#include <algorithm>

#include "base/failpoint.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "rotation/engine_state.h"
#include "rotation/health_gate.h"
#include "rotation/overlap.h"
#include "rotation/plan_hash.h"
#include "rotation/policy_json.h"

namespace kw::rotation {

namespace {

constexpr int kStepsMax = 64;
constexpr std::chrono::hours kExpiringSoon{24};
constexpr std::chrono::hours kOverdueAfter{1};
constexpr std::chrono::minutes kStaleHold{10};

void add_word(std::string& list, std::string_view word) {
  if (!list.empty()) list += ',';
  list += word;
}

bool unsettled(const Work& work) {
  return std::any_of(work.ops.begin(), work.ops.end(),
                     [](const Op& op) { return op.kind == Op::Kind::kSettle; });
}

int rank_of(const Run& run, const SubjectFacts& facts, WallTime now) {
  if (run.trigger == Trigger::kEmergency) return 0;
  if (facts.expires_at && *facts.expires_at - now < kExpiringSoon) return 1;
  return std::min(run.rank, 3);
}

bool gradual(const Run& run) {
  return !run.policy.rollout_percent.empty() && run.policy.rollout_percent.front() < 100;
}

int next_percent(const Run& run) {
  for (const int percent : run.policy.rollout_percent)
    if (percent > run.percent) return percent;
  return 100;
}

Performed call(const Work& work, Verb verb, int percent, int times) {
  if (verb == Verb::kCreatePending && work.seen)
    return work.rotatable->create_pending(work.run, *work.seen);
  std::optional<Run> at_percent;
  if (percent != work.run.percent) {
    at_percent = work.run;
    at_percent->percent = percent;
  }
  const Run& told = at_percent ? *at_percent : work.run;
  Performed performed;
  for (int i = 0; i < times && performed.outcome == Outcome::kOk; ++i)
    performed = work.rotatable->perform(verb, told);
  return performed;
}

// Test builds die or lose the question before the verb, die or lose the answer after it.
template <typename Call>
Result<Performed> asked([[maybe_unused]] Verb verb, const Call& verb_call) {
  KW_FAILPOINT("rotation.verb.before." + std::string(verb_name(verb)));
  Performed performed = verb_call();
  KW_FAILPOINT("rotation.verb.after." + std::string(verb_name(verb)));
  return performed;
}

}  // namespace

bool by_schedule(Trigger trigger) {
  return trigger == Trigger::kSchedule || trigger == Trigger::kUsage ||
         trigger == Trigger::kVolume || trigger == Trigger::kExpiry;
}

void note_done(Run& run, Verb verb, WallTime now) {
  switch (verb) {
    case Verb::kInstall:
      run.staged_at = now;
      break;
    case Verb::kPromote:
      run.promoted_at = now;
      run.percent = 100;
      break;
    case Verb::kSetRollout:
    case Verb::kDisableOld:
      run.entered_at = now;
      break;
    default:
      break;
  }
  if (run.state != RunState::kRollingBack) run.worked = true;
}

void Engine::State::carry(Work& work) {
  work.carried = true;
  for (int i = 0; i < kStepsMax && step(work); ++i) {
  }
  const Seconds allowed = state_deadline(work.run.state, work.run.policy);
  // A person's task has a due date of its own.
  if (!work.stored || allowed.count() == 0 || work.run.plan_hash.empty() || work.asks) return;
  const WallTime deadline = work.run.entered_at + allowed;
  const WallTime at = now();
  // Told once: when it is crossed between two looks.
  work.late = work.stored->updated_at < deadline && deadline <= at && !work.moved;
  if (at < deadline) work.run.next_at = std::min(work.run.next_at, deadline);
}

bool Engine::State::step(Work& work) {
  const RunState state = work.run.state;
  if (state == RunState::kRollingBack) return look_first(work) && unwind(work);
  const StateRow* row = state_row(state);
  if (row == nullptr) return false;
  if (state > RunState::kApprove && !look_first(work)) return false;
  return forward(work, *row);
}

bool Engine::State::move(Work& work, Move move) {
  const std::string_view left = run_state_name(work.run.state);
  const WallTime at = now();
  const Status made = make_move(work.run, move, at);
  KW_CHECK(made.has_value());
  work.run.next_at = at;
  Op op;
  op.move = move;
  work.ops.push_back(std::move(op));
  work.moved = true;
  if (move == Move::kAdvance || move == Move::kSwapped) add_word(work.path, left);
  if (move == Move::kRollBack) metrics.rolling_back(work.run.problem);
  return state_row(work.run.state) != nullptr || work.run.state == RunState::kRollingBack;
}

bool Engine::State::wait(Work& work, std::string_view why, WallTime until) {
  work.waited = true;
  work.run.problem = std::string(why);
  work.run.next_at = std::max(until, now() + std::chrono::seconds(1));
  return false;
}

bool Engine::State::wait_for_person(Work& work, const ManualTask& task) {
  // Told once the rows say that the run is there.
  if (work.moved || !work.ops.empty()) {
    work.again = true;
    return false;
  }
  const std::string_view stage = task_stage(task, now());
  work.asks = true;
  work.reminds = work.stored->problem != stage || reminds(task, work.stored->updated_at, now());
  return wait(work, stage, next_reminder(task, now()));
}

bool Engine::State::pass(Work& work, Guard guard) {
  const bool must_see = guard == Guard::kDrained || guard == Guard::kDead;
  if (must_see && unsettled(work)) {
    work.again = true;
    return false;
  }
  const Result<Evidence> seen = evidence(work, guard);
  if (!seen) return try_later(work, seen.error().reason);
  const StateRow* row = state_row(work.run.state);
  if (row != nullptr && row->reversible && refused_by_consumer(work))
    return go_back(work, "consumer_failed");
  const std::string_view why = why_not(guard, *seen);
  if (why.empty()) return true;
  return wait(work, why, look_again(work.run, why));
}

bool Engine::State::go_back(Work& work, std::string_view why) {
  work.run.problem = std::string(why);
  work.detail = work.run.problem;
  return move(work, Move::kRollBack);
}

bool Engine::State::forward(Work& work, const StateRow& row) {
  if (row.state == RunState::kPlan) return plan(work);
  if (skipped(row.state, work.traits, work.run)) return move(work, Move::kAdvance);
  if (row.state == RunState::kRollout && !work.run.worked) return next_percentage(work);
  if (row.state == RunState::kRollout && work.run.percent < 100) return soak(work);
  if (row.state == RunState::kPromote && !work.run.worked && !has_its_turn(work)) return false;
  if (row.verb && !work.run.worked && !do_verb(work, *row.verb, work.run.percent)) return false;
  if (work.run.state != row.state) return true;  // the verb's failure moved the run
  if (row.state == RunState::kApprove && !same_plan(work)) return false;
  if (!pass(work, row.guard)) return false;
  // A consumer's failure moved the run.
  return work.run.state != row.state || move(work, Move::kAdvance);
}

bool Engine::State::next_percentage(Work& work) {
  const int percent = next_percent(work.run);
  if (percent < 100 && work.traits.rollout) return do_verb(work, Verb::kSetRollout, percent);
  Op op;
  op.kind = Op::Kind::kPercent;
  op.percent = 100;
  work.ops.push_back(std::move(op));
  work.run.percent = 100;
  work.run.worked = true;
  return true;
}

bool Engine::State::soak(Work& work) {
  if (unsettled(work)) {
    work.again = true;
    return false;
  }
  if (const Status read = read_consumption(work); !read)
    return try_later(work, read.error().reason);
  if (refused_by_consumer(work)) return go_back(work, "consumer_failed");
  const Result<Health> health = work.rotatable->health(work.run);
  if (!health) return try_later(work, health.error().reason);
  const auto elapsed = std::chrono::duration_cast<Seconds>(now() - work.run.entered_at);
  const HealthDecision decision = decide(*health, work.run.policy, elapsed);
  if (decision.advice == Advice::kHold)
    return wait(work, decision.reason, look_again(work.run, decision.reason));
  if (decision.advice == Advice::kAdvance && !canaries_through(work))
    return wait(work, "canary", look_again(work.run, "canary"));
  if (decision.advice == Advice::kAdvance) return next_percentage(work);
  return go_back(work, decision.reason);
}

bool Engine::State::unwind(Work& work) {
  Run& run = work.run;
  const StateRow& row = *state_row(run.undoing);
  bool needed =
      row.undo && !skipped(row.state, work.traits, run) && (work.traits.external || run.worked);
  if (row.state == RunState::kGenerate) needed = work.traits.external || run.to_version != 0;
  if (row.state == RunState::kRollout)
    needed = work.traits.rollout && gradual(run) && (needed || run.percent > 0);
  if (!needed) return move(work, Move::kUnwound);
  if (!pass(work, row.undo_guard)) return false;
  const int percent = row.state == RunState::kRollout ? 0 : run.percent;
  if (!do_verb(work, *row.undo, percent)) return false;
  return run.state != RunState::kRollingBack || move(work, Move::kUnwound);
}

bool Engine::State::do_verb(Work& work, Verb verb, int percent) {
  if (const auto why = forbidden(work, verb)) return wait(work, *why, look_again(work.run, *why));
  if (const auto task = work.rotatable->manual_task(verb, work.run))
    return wait_for_person(work, *task);
  if (work.traits.external) {
    work.again = !work.ops.empty();  // what a foreign system learns is never ahead of the rows
    if (work.again || !write_intent(work, verb)) return false;
  }
  Performed performed = perform(work, verb, percent);
  if (!note_outcome(work, verb, performed)) return failed(work, verb, performed);
  if (!performed.warning.empty()) work.detail = performed.warning;
  if (percent != work.run.percent) {
    Op set;
    set.kind = Op::Kind::kPercent;
    set.percent = percent;
    work.ops.push_back(std::move(set));
    work.run.percent = percent;
  }
  Op op;
  op.kind = Op::Kind::kSettle;
  op.verb = verb;
  op.performed = std::move(performed);
  work.ops.push_back(std::move(op));
  note_done(work.run, verb, now());
  add_word(work.verbs, verb_name(verb));
  return true;
}

Performed Engine::State::perform(Work& work, Verb verb, int percent) {
  const int times = verb == Verb::kTest && work.traits.external ? options.tests_in_a_row : 1;
  Result<Performed> done = asked(verb, [&] { return call(work, verb, percent, times); });
  if (done) return *std::move(done);
  return {Outcome::kUnknown, done.error().reason, nullptr};
}

bool Engine::State::look_at_plan(Work& work) {
  if (work.ahead) {
    work.seen = std::move(work.ahead);
    return true;
  }
  Result<Observed> found = work.rotatable->inspect(work.run);
  if (!found && found.error().code == Code::kNotFound) {
    work.gone = !work.stored;
    if (work.gone) note_not_due(work.run.subject, {Correction::Kind::kForget, {}});
    work.run.problem = "subject_gone";
    if (work.stored) move(work, Move::kAbort);
    return false;
  }
  if (!found) return try_later(work, found.error().reason);
  work.seen = std::make_shared<const Observed>(*std::move(found));
  return true;
}

std::string Engine::State::hash_of_plan(const Run& run) {
  const std::scoped_lock lock(texts_mutex);
  return plan_hash(run, texts.of(run.policy));
}

// A plan is made of facts that are read now. Nothing was done before it, so it changes what the ops
// begin from.
bool Engine::State::plan(Work& work) {
  if (!has_its_turn(work)) return false;
  if (!look_at_plan(work)) return false;
  Run& run = work.run;
  if (!run.policy_given) {
    Result<EffectivePolicy> policy = options.policy_for(work.seen->facts);
    if (!policy) return try_later(work, policy.error().reason);
    run.policy = *std::move(policy);
  }
  if (!still_due(work, work.seen->facts)) return false;
  run.type = work.seen->facts.type;
  run.from_version = work.seen->facts.primary;
  // Drift is told against the version that the run is from, which is known only now.
  if (!work.seen->drift.empty() && !look_at_plan(work)) return false;
  const Observed& seen = *work.seen;
  run.rank = rank_of(run, seen.facts, now());
  run.plan_hash = hash_of_plan(run);
  work.base = run;
  work.traits = work.rotatable->traits(seen.facts);
  if (!seen.drift.empty()) {
    run.problem = "drift";
    metrics.drift();
    return move(work, Move::kAskOperator);
  }
  const Result<Seconds> refresh = refresh_of(work);
  if (!refresh) return try_later(work, refresh.error().reason);
  Evidence evidence;
  evidence.fenced = true;
  evidence.no_drift = true;
  evidence.free_slot = seen.free_slot;
  evidence.overlap_enough = overlap_enough(run, *refresh);
  const std::string_view why = why_not(Guard::kPlanned, evidence);
  if (why.empty()) return move(work, Move::kAdvance);
  if (evidence.overlap_enough) return wait(work, why, look_again(run, why));
  run.problem = std::string(why);
  return move(work, Move::kAbort);
}

// The cache said so a while ago; the facts decide.
bool Engine::State::still_due(Work& work, const SubjectFacts& facts) {
  if (work.stored) return true;
  const Result<Due> due = options.due_of(facts, work.run.policy, now());
  work.gone = !due || !due->at || *due->at > now();
  if (work.gone) {
    WallTime until = now() + kStaleHold;
    if (due && due->at) until = std::min(until, *due->at);
    note_not_due(work.run.subject, {Correction::Kind::kPostpone, until});
    return false;
  }
  work.gone = type_paused(facts);
  if (work.gone) return false;
  work.run.trigger = due->trigger;
  if (now() - *due->at > kOverdueAfter) {
    work.run.rank = 2;
    metrics.missed_window(facts.type);
  }
  return true;
}

// An approval is for the plan that people saw: facts that moved meanwhile end the run, and the
// schedule makes a new one.
bool Engine::State::same_plan(Work& work) {
  if (work.run.policy.approvals == 0 || work.run.approval.empty()) return true;
  if (!look_at_plan(work)) return false;
  const Observed& seen = *work.seen;
  Run again = work.run;
  again.type = seen.facts.type;
  again.from_version = seen.facts.primary;
  if (plan_hash(again) == work.run.plan_hash && seen.drift.empty()) return true;
  work.run.problem = "plan_changed";
  move(work, Move::kAbort);
  return false;
}

}  // namespace kw::rotation
