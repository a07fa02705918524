#include "rotation/runs.h"

#include <algorithm>

#include "crypto/random.h"
#include "crypto/uuid.h"
#include "rotation/manual_task.h"
#include "rotation/run_journal.h"

namespace kw::rotation {

namespace {

constexpr std::size_t kWordMax = 64;
constexpr int kListMax = 1000;
constexpr int kStepsMax = 1000;

bool is_word(std::string_view text) {
  return text.size() <= kWordMax && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

std::string_view action_of(Move move) {
  switch (move) {
    case Move::kPause:
      return "run.pause";
    case Move::kResume:
      return "run.resume";
    case Move::kAbort:
      return "run.abort";
    case Move::kRollBack:
      return "run.rollback";
    default:
      return "run.retry";
  }
}

Status check_start(const Subject& subject, const StartOptions& options) {
  const bool named = !subject.kind.empty() && !subject.tenant.empty() && !subject.name.empty();
  if (named && is_word(options.reason) && is_word(options.algorithm)) return ok();
  return error(Code::kInvalidArgument, "bad_run",
               "a run has a subject, and a reason and an algorithm of [a-z0-9_-]{0,64}");
}

}  // namespace

Runs::Runs(audit::ChangeLog& log, const Clock& clock) : log_(log), clock_(clock) {}

Result<Run> Runs::start(Change change, const Subject& subject, const StartOptions& options) {
  KW_OK(check_start(subject, options));
  const WallTime now = clock_.wall();
  Run run;
  run.id = crypto::id_of_time<RunId>(now);
  run.subject = subject;
  run.trigger = options.emergency ? Trigger::kEmergency : options.trigger;
  run.rank = options.emergency ? 0 : 2;
  run.requested_by = std::string(change.by.actor);
  run.reason = options.reason;
  run.algorithm = options.algorithm;
  run.policy_given = options.policy.has_value();
  if (options.policy) run.policy = *options.policy;
  run.salt.resize(16);
  crypto::random_public(run.salt);
  run.created_at = run.entered_at = run.next_at = now;
  const Entry entry{"run.start", "start", "ok", trigger_name(run.trigger)};
  KW_OK(record(change, log_, nullptr, run, entry, now));
  return run;
}

Result<Run> Runs::approve(Change change, const RunId& id, std::string_view approval,
                          std::string_view plan_hash) {
  KW_TRY(const Run before, load_run(change.tx, id));
  if (before.state != RunState::kApprove) {
    return error(Code::kFailedPrecondition, "invalid_run_transition",
                 "the run does not wait for an approval");
  }
  if (before.plan_hash != plan_hash || approval.empty()) {
    return error(Code::kFailedPrecondition, "plan_changed",
                 "the approval is for another plan than the run's");
  }
  const WallTime now = clock_.wall();
  Run run = before;
  run.approval = std::string(approval);
  run.next_at = now;
  KW_OK(record(change, log_, &before, run, {"run.approve", "approve", "ok", ""}, now));
  return run;
}

Result<Run> Runs::steer(Change change, const RunId& id, Move move) {
  KW_TRY(const Run before, load_run(change.tx, id));
  const WallTime now = clock_.wall();
  Run run = before;
  KW_OK(make_move(run, move, now));
  if (move == Move::kRollBack && run.problem.empty()) run.problem = "asked";
  run.next_at = now;
  KW_OK(record(change, log_, &before, run, {action_of(move), move_name(move), "moved", ""}, now));
  return run;
}

Result<Run> Runs::pause(Change change, const RunId& id) {
  return steer(change, id, Move::kPause);
}

Result<Run> Runs::resume(Change change, const RunId& id) {
  return steer(change, id, Move::kResume);
}

Result<Run> Runs::abort(Change change, const RunId& id) {
  return steer(change, id, Move::kAbort);
}

Result<Run> Runs::roll_back(Change change, const RunId& id) {
  return steer(change, id, Move::kRollBack);
}

Result<Run> Runs::retry(Change change, const RunId& id) {
  KW_TRY(const Run before, load_run(change.tx, id));
  if (before.state == RunState::kNeedsOperator) return steer(change, id, Move::kRetry);
  if (finished(before.state) || before.state == RunState::kPaused) {
    return error(Code::kFailedPrecondition, "invalid_run_transition",
                 "the run does not wait for another try");
  }
  const WallTime now = clock_.wall();
  Run run = before;
  run.attempts = 0;
  run.next_at = now;
  KW_OK(record(change, log_, &before, run, {"run.retry", "retry", "ok", ""}, now));
  return run;
}

Result<Run> Runs::give(Change change, const RunId& id, std::uint32_t version) {
  KW_TRY(const Run before, load_run(change.tx, id));
  if (before.state != RunState::kGenerate || before.to_version != 0 ||
      !is_task_stage(before.problem)) {
    return error(Code::kFailedPrecondition, "invalid_run_transition",
                 "the run does not wait for a person");
  }
  const WallTime now = clock_.wall();
  Run run = before;
  run.to_version = version;
  run.problem.clear();
  run.next_at = now;
  KW_OK(record(change, log_, &before, run, {"run.give", "give", "ok", ""}, now));
  return run;
}

Result<Run> Runs::show(store::Reader& reader, const RunId& id) {
  return load_run(reader, id);
}

Result<std::optional<Run>> Runs::open_run(store::Reader& reader, const Subject& subject) {
  return load_open_run(reader, subject);
}

Result<std::vector<Run>> Runs::list(store::Reader& reader, const RunFilter& filter) {
  if (filter.limit < 1 || filter.limit > kListMax)
    return error(Code::kInvalidArgument, "bad_limit", "a list has 1 to 1,000 runs");
  return select_runs(reader, filter);
}

Result<std::vector<Step>> Runs::steps(store::Reader& reader, const RunId& id) {
  KW_OK(load_run(reader, id));
  return select_steps(reader, id, kStepsMax);
}

}  // namespace kw::rotation
