#include "rotation/run_journal.h"

#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "rotation/invariants.h"

namespace kw::rotation {

namespace {

Status append_leaf(Change change, audit::ChangeLog& log, const Run* before, const Run& run,
                   const Entry& entry) {
  const std::string id = run.id.text();
  audit::Event event = change.by;
  event.action = entry.action;
  event.tenant = run.subject.tenant;
  event.kind = "run";
  event.object = id;
  event.version = run.to_version;
  event.from_state = before != nullptr ? run_state_name(before->state) : "none";
  event.to_state = run_state_name(run.state);
  event.reason = run.problem;
  event.note = entry.detail;
  if (!run.approval.empty()) event.approval = run.approval;
  const bool failed = run.state == RunState::kRollingBack || run.state == RunState::kRolledBack ||
                      run.state == RunState::kNeedsOperator;
  if (failed) event.outcome = audit::Outcome::kFailed;
  KW_OK(log.append(change.tx, event));
  return cluster::announce(change.tx, "run:" + id);
}

}  // namespace

Status record(Change change, audit::ChangeLog& log, const Run* before, Run& run, const Entry& entry,
              WallTime now) {
  KW_FAILPOINT("rotation.record");
  run.epoch = (before != nullptr ? before->epoch : 0) + 1;
  run.updated_at = now;
  KW_OK(check_invariants(before, run));
  if (before == nullptr) {
    KW_OK(insert_run(change.tx, run));
  } else {
    KW_OK(save_run(change.tx, *before, run));
  }
  if (!entry.verb.empty()) {
    Step step{run.epoch,
              run.state,
              std::string(entry.verb),
              std::string(entry.outcome),
              now,
              std::string(entry.detail)};
    KW_OK(insert_step(change.tx, run.id, step));
  }
  if (entry.action.empty()) return ok();
  return append_leaf(change, log, before, run, entry);
}

}  // namespace kw::rotation
