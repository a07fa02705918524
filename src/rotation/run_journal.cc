#include "rotation/run_journal.h"

#include <deque>

#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "rotation/invariants.h"

namespace kw::rotation {

namespace {

constexpr std::size_t kAnnouncedAtOnce = 5000;

/// Leaves borrow their texts; these live until they are written.
class Leaves {
 public:
  explicit Leaves(const audit::Event& by) : by_(by) {}
  void add(const Recorded& one);
  std::span<const audit::Event> events() const { return events_; }

 private:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  void tell_run(audit::Event& event, const Recorded& one);
  void tell_chain(audit::Event& event, const Recorded& one);

  const audit::Event& by_;
  std::deque<std::string> texts_;
  std::vector<audit::Event> events_;
};

void Leaves::add(const Recorded& one) {
  const Run& run = *one.run;
  audit::Event event = by_;
  event.action = one.entry.action;
  event.tenant = run.subject.tenant;
  event.version = run.to_version;
  event.reason = run.problem;
  if (!run.approval.empty()) event.approval = run.approval;
  const bool failed = run.state == RunState::kRollingBack || run.state == RunState::kRolledBack ||
                      run.state == RunState::kNeedsOperator;
  if (failed) event.outcome = audit::Outcome::kFailed;
  if (one.entry.chain != nullptr) {
    tell_chain(event, one);
  } else {
    tell_run(event, one);
  }
  events_.push_back(event);
}

void Leaves::tell_run(audit::Event& event, const Recorded& one) {
  event.kind = "run";
  event.object = keep(one.run->id.text());
  event.from_state = one.before != nullptr ? run_state_name(one.before->state) : "none";
  event.to_state = run_state_name(one.run->state);
  event.note = one.entry.detail;
}

// What the version went through, and the run: the states that it left, and the one it is in.
void Leaves::tell_chain(audit::Event& event, const Recorded& one) {
  const Chain& chain = *one.entry.chain;
  event.action = chain.action;
  event.kind = chain.kind;
  event.object = chain.object;
  event.request_id = keep(one.run->id.text());
  event.from_state = "none";
  event.to_state = "primary";
  event.demoted = one.run->from_version;
  std::string path(one.entry.detail);
  path += ',';
  path += run_state_name(one.run->state);
  event.note = keep(std::move(path));
}

// Nobody has to look at a run that has ended.
Status announce_open(store::Tx& tx, std::span<const Recorded> all) {
  std::vector<std::string> names;
  for (const Recorded& one : all)
    if (!one.entry.action.empty() && !(one.entry.chain != nullptr && finished(one.run->state)))
      names.push_back("run:" + one.run->id.text());
  std::vector<std::string_view> what(names.begin(), names.end());
  for (std::size_t i = 0; i < what.size(); i += kAnnouncedAtOnce)
    KW_OK(cluster::announce_all(
        tx, std::span(what).subspan(i, std::min(kAnnouncedAtOnce, what.size() - i))));
  return ok();
}

Status write_rows(store::Tx& tx, std::span<const Recorded> all, WallTime now) {
  std::vector<const Run*> made;
  std::vector<RunChange> changed;
  std::vector<RunStep> steps;
  for (const auto& [before, run, entry] : all) {
    if (before == nullptr) {
      made.push_back(run);
    } else {
      changed.push_back({before, run});
    }
    if (!entry.verb.empty())
      steps.push_back({&run->id,
                       {run->epoch, run->state, std::string(entry.verb), std::string(entry.outcome),
                        now, std::string(entry.detail)}});
  }
  if (!made.empty()) KW_OK(insert_runs(tx, made));
  if (!changed.empty()) KW_OK(save_runs(tx, changed));
  return insert_steps(tx, steps);
}

}  // namespace

Status record_all(Change change, audit::ChangeLog& log, std::span<const Recorded> all,
                  WallTime now) {
  KW_FAILPOINT("rotation.record");
  Leaves leaves(change.by);
  for (const auto& [before, run, entry] : all) {
    run->epoch = (before != nullptr ? before->epoch : 0) + 1;
    run->updated_at = now;
    KW_OK(check_invariants(before, *run));
  }
  KW_OK(write_rows(change.tx, all, now));
  for (const Recorded& one : all)
    if (!one.entry.action.empty()) leaves.add(one);
  if (leaves.events().empty()) return ok();
  KW_OK(log.append_all(change.tx, leaves.events()));
  return announce_open(change.tx, all);
}

Status record(Change change, audit::ChangeLog& log, const Run* before, Run& run, const Entry& entry,
              WallTime now) {
  const Recorded one{before, &run, entry};
  return record_all(change, log, {&one, 1}, now);
}

}  // namespace kw::rotation
