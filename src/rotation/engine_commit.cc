// Outcomes become rows: settle(), run, step, audit leaf and schedule in one transaction, several
// runs together.
#include <algorithm>

#include "base/failpoint.h"
#include "rotation/engine_state.h"
#include "rotation/schedule_rows.h"

namespace kw::rotation {

namespace {

audit::Event scheduler_event() {
  audit::Event event;
  event.actor = "scheduler";
  event.method = "internal";
  return event;
}

Entry entry_of(const Work& work, const Run& run) {
  Entry entry;
  if (work.moved || !work.stored) {
    entry.action = "run.step";
    entry.verb = work.verbs.empty() ? std::string_view("move") : std::string_view(work.verbs);
    entry.outcome = work.failed ? std::string_view(work.outcome) : "ok";
    entry.detail = work.detail.empty() ? std::string_view(work.path) : work.detail;
    return entry;
  }
  const bool new_reason = work.stored->problem != run.problem;
  if (work.late) return {"run.late", "wait", "late", run.problem};
  if (work.failed) return {"", work.verbs, work.outcome, work.detail};
  if (!work.ops.empty()) return {"run.step", work.verbs, "ok", run.problem};
  if (work.waited && new_reason) return {"", "wait", "waiting", run.problem};
  return entry;
}

}  // namespace

Status Engine::State::replay(store::Tx& tx, const Work& work, Run& run) {
  const audit::Event by = scheduler_event();
  for (const Op& op : work.ops) {
    if (op.kind == Op::Kind::kMove) {
      KW_OK(make_move(run, op.move, now()));
    } else if (op.kind == Op::Kind::kPercent) {
      run.percent = op.percent;
      if (run.state == RunState::kRollout) run.worked = true;
    } else {
      KW_FAILPOINT("rotation.settle");
      KW_OK(work.rotatable->settle(op.verb, tx, by, run, op.performed));
      note_done(run, op.verb, now());
    }
  }
  return ok();
}

Status Engine::State::apply(store::Tx& tx, Work& work, Run& result) {
  Run run = work.base;
  KW_OK(replay(tx, work, run));
  run.attempts = work.run.attempts;
  run.problem = work.run.problem;
  run.next_at = work.again ? now() : work.run.next_at;
  const audit::Event by = scheduler_event();
  const Run* before = work.stored ? &*work.stored : nullptr;
  KW_OK(record({tx, by}, house.log, before, run, entry_of(work, run), now()));
  KW_OK(keep_schedule(tx, work, run));
  result = std::move(run);
  return ok();
}

Status Engine::State::keep_schedule(store::Tx& tx, const Work& work, const Run& run) {
  if (run.state == RunState::kRolledBack || run.state == RunState::kAborted)
    return hold_subject(tx, run.subject, now());
  const bool ended_well = run.state == RunState::kDone;
  if (!work.stored || ended_well) return leave_schedule(tx, run.subject, ended_well, now());
  return ok();
}

Status Engine::State::commit_together(std::vector<Work*>& works) {
  std::vector<Run> results(works.size());
  const std::int64_t fence = fence_now();
  KW_FAILPOINT("rotation.commit");
  KW_OK(house.store.write([&](store::Tx& tx) -> Status {
    KW_OK(cluster::require_fence(tx, kSchedulerLease, fence));
    for (std::size_t i = 0; i < works.size(); ++i) KW_OK(apply(tx, *works[i], results[i]));
    return ok();
  }));
  for (std::size_t i = 0; i < works.size(); ++i) committed(*works[i], results[i]);
  return ok();
}

void Engine::State::commit(Task& task) {
  std::vector<Work*> works;
  for (Work& work : task) {
    if (work.carried && !work.gone) works.push_back(&work);
    work.carried = false;
  }
  if (works.empty() || commit_together(works)) return;
  for (Work* work : works) {
    std::vector<Work*> alone{work};
    const Status written = commit_together(alone);
    if (!written) not_committed(*work, written.error());
  }
}

// Somebody else moved the run, or the lease is gone: the rows tell the next look what is true. A
// settle() that fails by itself is a failed step.
void Engine::State::not_committed(Work& work, const Error& why) {
  work.gone = true;
  const bool lost = why.code == Code::kAborted || why.code == Code::kAlreadyExists ||
                    why.code == Code::kUnavailable;
  const std::scoped_lock lock(mutex);
  ++totals.failed;
  looked_at.erase(work.run.id);
  if (lost) return;
  broken.push_back({work.stored, work.base.subject, why.reason});
}

Status Engine::State::write_broken() {
  std::vector<Broken> all;
  {
    const std::scoped_lock lock(mutex);
    all.swap(broken);
  }
  const audit::Event by = scheduler_event();
  for (const Broken& each : all) {
    const std::int64_t fence = fence_now();
    KW_OK(house.store.write([&](store::Tx& tx) -> Status {
      KW_OK(cluster::require_fence(tx, kSchedulerLease, fence));
      if (!each.stored) return hold_subject(tx, each.subject, now());
      Run run = *each.stored;
      ++run.attempts;
      run.problem = each.reason;
      run.next_at = now() + delays.next(run.attempts);
      const StateRow* row = state_row(run.state);
      const bool back = row != nullptr && row->reversible && !run.promoted_at;
      if (run.attempts >= kSettleAttempts && back) KW_OK(make_move(run, Move::kRollBack, now()));
      const bool moved = run.state != each.stored->state;
      const Entry entry{moved ? "run.step" : "", "settle", "unknown", run.problem};
      return record({tx, by}, house.log, &*each.stored, run, entry, now());
    }));
  }
  return ok();
}

void Engine::State::committed(Work& work, const Run& result) {
  const bool settled = std::any_of(work.ops.begin(), work.ops.end(),
                                   [](const Op& op) { return op.kind == Op::Kind::kSettle; });
  if (settled) work.rotatable->settled(result);
  if (work.stored && work.stored->state != result.state) metrics.left_state(*work.stored, now());
  if (work.late) metrics.late(result.state);
  const bool ended = finished(result.state);
  if (ended) metrics.finished(result);
  const std::scoped_lock lock(mutex);
  if (ended) looked_at.erase(result.id);
  if (result.state == RunState::kRolledBack) type_breakers[result.type].rolled_back(now());
  if (!work.stored) ++totals.started;
  if (work.moved) ++totals.advanced;
  if (work.waited) ++totals.waited;
  if (work.failed) ++totals.failed;
  work.stored = work.base = work.run = result;
  work.ops.clear();
  work.path.clear();
  work.verbs.clear();
  work.detail.clear();
  work.outcome = "ok";
  work.moved = work.failed = work.waited = work.late = false;
}

bool Engine::State::write_intent(Work& work, Verb verb) {
  Run run = *work.stored;
  const audit::Event by = scheduler_event();
  const std::int64_t fence = fence_now();
  const Status written = house.store.write([&](store::Tx& tx) -> Status {
    KW_FAILPOINT("rotation.intent");
    KW_OK(cluster::require_fence(tx, kSchedulerLease, fence));
    run = *work.stored;
    return record({tx, by}, house.log, &*work.stored, run, {"", verb_name(verb), "intent", ""},
                  now());
  });
  if (!written) {
    not_committed(work, written.error());
    return false;
  }
  work.stored = run;
  work.base.epoch = work.run.epoch = run.epoch;
  work.base.updated_at = work.run.updated_at = run.updated_at;
  return true;
}

}  // namespace kw::rotation
