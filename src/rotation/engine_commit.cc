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
  if (work.reminds) return {"run.remind", "wait", "waiting", run.problem};
  if (work.late) return {"run.late", "wait", "late", run.problem};
  if (work.failed) return {"", work.verbs, work.outcome, work.detail};
  if (!work.ops.empty())
    return {"run.step", work.verbs, "ok", work.detail.empty() ? run.problem : work.detail};
  if (work.waited && new_reason) return {"", "wait", "waiting", run.problem};
  return entry;
}

}  // namespace

Status Engine::State::replay(store::Tx& tx, const Work& work, bool chained, Run& run) {
  const audit::Event by = scheduler_event();
  for (const Op& op : work.ops) {
    if (op.kind == Op::Kind::kMove) {
      KW_OK(make_move(run, op.move, now()));
    } else if (op.kind == Op::Kind::kPercent) {
      run.percent = op.percent;
      if (run.state == RunState::kRollout) run.worked = true;
    } else {
      KW_FAILPOINT("rotation.settle");
      if (!chained) KW_OK(work.rotatable->settle(op.verb, tx, by, run, op.performed));
      note_done(run, op.verb, now());
    }
  }
  return ok();
}

// Chains come first: every transaction takes cells before the log's head, so nodes do not deadlock.
Status Engine::State::write_together(store::Tx& tx, std::span<Work* const> works,
                                     Written& written) {
  written = Written();
  written.runs.reserve(works.size());
  for (const Work* work : works) written.runs.push_back(work->base);
  KW_OK(settle_chains(tx, works, written));
  std::vector<Recorded> all;
  all.reserve(works.size());
  for (std::size_t i = 0; i < works.size(); ++i) {
    const Work& work = *works[i];
    Run& run = written.runs[i];
    const auto chain = written.chain_of.find(&work);
    const bool chained = chain != written.chain_of.end();
    KW_OK(replay(tx, work, chained, run));
    run.attempts = work.run.attempts;
    run.problem = work.run.problem;
    run.next_at = work.again ? now() : work.run.next_at;
    all.push_back({work.stored ? &*work.stored : nullptr, &run, entry_of(work, run)});
    if (!chained) continue;
    all.back().entry.chain = chain->second;
    all.back().entry.detail = work.path;
  }
  const audit::Event by = scheduler_event();
  KW_OK(record_all({tx, by}, house.log, all, now()));
  return keep_schedules(tx, works, written);
}

Status Engine::State::keep_schedules(store::Tx& tx, std::span<Work* const> works,
                                     const Written& written) {
  std::vector<const Subject*> begun;
  std::vector<ScheduleRow> back;
  for (std::size_t i = 0; i < works.size(); ++i) {
    const Work& work = *works[i];
    const Run& run = written.runs[i];
    if (run.state == RunState::kRolledBack || run.state == RunState::kAborted) {
      KW_OK(hold_subject(tx, run.subject, now()));
    } else if (run.state == RunState::kDone) {
      back.push_back(work.next ? *work.next : ScheduleRow{run.subject, to_micros(now()), {}, 3, 0});
    } else if (!work.stored) {
      begun.push_back(&run.subject);
    }
  }
  if (!begun.empty()) KW_OK(leave_schedule(tx, begun));
  return back.empty() ? ok() : return_to_schedule(tx, back);
}

Status Engine::State::commit_together(std::span<Work* const> works) {
  Written written;
  const std::int64_t fence = fence_now();
  KW_FAILPOINT("rotation.commit");
  KW_OK(house.store.write([&](store::Tx& tx) -> Status {
    KW_OK(cluster::require_fence(tx, kSchedulerLease, fence));
    return write_together(tx, works, written);
  }));
  tell_settled(works, written);
  for (std::size_t i = 0; i < works.size(); ++i) committed(*works[i], written.runs[i]);
  return ok();
}

// One that cannot be written must not hold up the others: halves find it.
void Engine::State::commit_or_split(std::span<Work* const> works) {
  const Status written = commit_together(works);
  if (written) return;
  const Error& why = written.error();
  const bool same_for_all = why.code == Code::kUnavailable || why.reason == "fenced";
  if (works.size() == 1 || same_for_all) {
    for (Work* work : works) not_committed(*work, why);
    return;
  }
  commit_or_split(works.first(works.size() / 2));
  commit_or_split(works.subspan(works.size() / 2));
}

void Engine::State::commit(Task& task) {
  std::vector<Work*> works;
  for (const auto& work : task) {
    if (work->carried && !work->gone) works.push_back(work.get());
    work->carried = false;
  }
  plan_next(works);
  if (!works.empty()) commit_or_split(works);
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
  if (!ended) work.stored = work.base = work.run = result;
  work.ahead.reset();
  work.seen.reset();
  work.next.reset();
  work.unused = false;
  work.ops.clear();
  work.path.clear();
  work.verbs.clear();
  work.detail.clear();
  work.outcome = "ok";
  work.moved = work.failed = work.waited = work.late = work.asks = work.reminds = false;
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
