#include "service/run_report.h"

#include <algorithm>

#include "rotation/duration_text.h"
#include "rotation/run_machine.h"
#include "service/run_waiting.h"

namespace kw::service {

namespace {

using rotation::Run;
using rotation::RunState;
using rotation::Seconds;
using rotation::Step;
using State = Condition::State;

std::string version(std::uint32_t number) {
  return number == 0 ? "the new version" : "@" + std::to_string(number);
}

bool verb_seen(std::span<const Step> steps, std::string_view verb) {
  return std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
    return step.outcome == "ok" && step.verb.find(verb) != std::string::npos;
  });
}

// Where the run stands, or stood when it went aside.
RunState standing(const Run& run) {
  switch (run.state) {
    case RunState::kPaused:
    case RunState::kNeedsOperator:
      return run.resumes_to;
    case RunState::kRollingBack:
    case RunState::kRolledBack:
      return run.undoing;
    case RunState::kAborted:
      return run.plan_hash.empty() ? RunState::kPlan : RunState::kApprove;
    default:
      return run.state;
  }
}

class Reporter {
 public:
  Reporter(const Run& run, std::span<const Step> steps, const std::optional<RunSubject>& subject,
           WallTime now)
      : run_(run), steps_(steps), subject_(subject), now_(now), stands_(standing(run)) {}

  RunReport report() {
    climb();
    RunReport report;
    report.waits_for = waiting_words(run_);
    report.deadline = deadline();
    report.expected_end = expected_end();
    before();
    during();
    after();
    if (rotation::finished(run_.state)) report.validation = validation();
    report.ladder = ladder_;
    report.checklist = checklist_;
    return report;
  }

 private:
  bool passed_through(RunState state) const {
    return subject_ && rotation::skipped(state, subject_->traits, run_);
  }
  bool went_back() const {
    return run_.state == RunState::kRollingBack || run_.state == RunState::kRolledBack;
  }

  Rung::Status status_of(const rotation::StateRow& row) const {
    if (run_.state == RunState::kDone || row.state < stands_)
      return passed_through(row.state) ? Rung::Status::kSkipped
             : went_back() && row.undo ? Rung::Status::kUndone
                                       : Rung::Status::kDone;
    if (row.state > stands_)
      return passed_through(row.state) ? Rung::Status::kSkipped : Rung::Status::kOpen;
    return went_back()                        ? Rung::Status::kUndone
           : run_.state == RunState::kAborted ? Rung::Status::kOpen
                                              : Rung::Status::kCurrent;
  }

  // A state was left when the first step stood in a later one.
  void climb() {
    for (const rotation::StateRow& row : rotation::state_table()) {
      Rung rung{row.state, status_of(row), std::nullopt};
      for (const Step& step : steps_) {
        if (step.state <= row.state || step.state > RunState::kDone) continue;
        rung.left_at = step.at;
        break;
      }
      ladder_.push_back(rung);
    }
  }

  const Rung& rung(RunState state) const { return ladder_[static_cast<std::size_t>(state)]; }

  std::optional<WallTime> deadline() const {
    const Seconds allowed = rotation::state_deadline(run_.state, run_.policy);
    if (allowed.count() == 0 || run_.plan_hash.empty()) return std::nullopt;
    return run_.entered_at + allowed;
  }

  Seconds left_of(const std::optional<WallTime>& start, Seconds length) const {
    if (!start) return length;
    const auto left = std::chrono::ceil<Seconds>(*start + length - now_);
    return std::clamp(left, Seconds(0), length);
  }

  Seconds soak_left() const {
    const auto& steps = run_.policy.rollout_percent;
    const auto waiting = std::count_if(steps.begin(), steps.end(), [&](int percent) {
      return percent < 100 && percent > run_.percent;
    });
    Seconds left = run_.policy.soak * waiting;
    if (run_.state == RunState::kRollout && run_.percent > 0 && run_.percent < 100)
      left += left_of(run_.entered_at, run_.policy.soak);
    return left;
  }

  std::optional<WallTime> expected_end() const {
    if (run_.plan_hash.empty() || went_back() || run_.state > RunState::kArchive)
      return std::nullopt;
    Seconds left{0};
    if (stands_ <= RunState::kValidate) left += left_of(run_.staged_at, run_.policy.publish_wait);
    if (stands_ <= RunState::kRollout) left += soak_left();
    if (stands_ <= RunState::kDrain && !passed_through(RunState::kDrain))
      left += left_of(run_.promoted_at, std::max(run_.policy.min_overlap, run_.policy.quiet));
    if (stands_ < RunState::kQuarantine && !passed_through(RunState::kQuarantine))
      left += run_.policy.quarantine;
    if (stands_ == RunState::kQuarantine) left += left_of(run_.entered_at, run_.policy.quarantine);
    return now_ + left;
  }

  void add(std::string_view phase, std::string_view name, State state,
           const std::optional<WallTime>& at, std::string detail) {
    checklist_.push_back(
        {phase, name, state, state == State::kMet ? at : std::nullopt, std::move(detail)});
  }
  /// Met when the run left the state.
  void add_left(std::string_view phase, std::string_view name, RunState state, std::string detail) {
    const Rung& at = rung(state);
    const bool left = at.left_at.has_value();
    const State met = at.status == Rung::Status::kSkipped ? State::kNotNeeded
                      : left                              ? State::kMet
                      : rotation::finished(run_.state)    ? State::kFailed
                                                          : State::kOpen;
    add(phase, name, met, at.left_at, std::move(detail));
  }
  State when(bool met) const {
    return met ? State::kMet : rotation::finished(run_.state) ? State::kFailed : State::kOpen;
  }

  void before() {
    const auto planned = rung(RunState::kPlan).left_at;
    add("before", "announced", State::kMet, run_.created_at,
        "run.start is in the audit log and in the stream of events");
    add("before", "metadata_kept", when(!run_.plan_hash.empty()), planned,
        "subject, policy and way back to " +
            (run_.from_version == 0 ? "nothing" : version(run_.from_version)) +
            " are stored with the run");
    add_left("before", "preflight", RunState::kPlan,
             "no drift, a free slot, overlap not shorter than any consumer's refresh");
    if (run_.policy.approvals == 0) {
      add("before", "approved", State::kNotNeeded, std::nullopt, "the policy asks for nobody");
    } else {
      add_left("before", "approved", RunState::kApprove,
               std::to_string(run_.policy.approvals) + " beside the requester, for this plan");
    }
  }

  void during() {
    add_left("during", "generated", RunState::kGenerate,
             version(run_.to_version) + " exists, and nobody uses it");
    add_left("during", "installed", RunState::kStage,
             version(run_.to_version) + " is accepted everywhere");
    add("during", "tested", when(verb_seen(steps_, "test")), rung(RunState::kValidate).left_at,
        "known answers, right and wrong ones");
    add_left("during", "loaded", RunState::kValidate,
             "published long enough, and loaded by every live consumer");
    add("during", "rolled_out", when(run_.percent == 100), rung(RunState::kRollout).left_at,
        std::to_string(run_.percent) + " % apply " + version(run_.to_version));
    add("during", "promoted", when(run_.promoted_at.has_value()), run_.promoted_at,
        version(run_.to_version) + " is primary");
  }

  void after() {
    add_left(
        "after", "verified_in_use", RunState::kDrain,
        "overlap over, " + version(run_.from_version) + " unused long enough, consumers moved on");
    add_left("after", "old_stopped", RunState::kQuarantine,
             version(run_.from_version) + " was off, and could have come back, for " +
                 rotation::duration_text(run_.policy.quarantine));
    add_left("after", "old_refused", RunState::kRevoke,
             version(run_.from_version) + " is proved to be refused");
    add_left("after", "old_disposed", RunState::kArchive, "what the policy says was carried out");
    if (!subject_) return add("after", "inventory", when(false), std::nullopt, "subject is gone");
    const bool agrees = run_.to_version != 0 && subject_->primary == run_.to_version;
    add("after", "inventory", when(agrees && run_.promoted_at.has_value()), run_.promoted_at,
        "the primary now is " + version(subject_->primary));
  }

  Validation validation() const {
    Validation result;
    result.primary = subject_ ? subject_->primary : 0;
    result.as_planned = run_.state == RunState::kDone && result.primary == run_.to_version;
    result.discarded = run_.discarded;
    if (run_.finished_at)
      result.took = std::chrono::floor<Seconds>(*run_.finished_at - run_.created_at);
    for (const Step& step : steps_) {
      result.failed_steps += step.outcome == "definite_fail" || step.outcome == "unknown";
      result.late_states += step.outcome == "late";
    }
    for (const Condition& each : checklist_)
      if (each.state == State::kFailed) result.unmet.emplace_back(each.name);
    return result;
  }

  const Run& run_;
  std::span<const Step> steps_;
  const std::optional<RunSubject>& subject_;
  WallTime now_;
  RunState stands_;
  std::vector<Rung> ladder_;
  std::vector<Condition> checklist_;
};

}  // namespace

std::string_view rung_status_name(Rung::Status status) {
  constexpr std::string_view kNames[] = {"open", "current", "done", "skipped", "undone"};
  return kNames[static_cast<std::size_t>(status)];
}

std::string_view condition_state_name(Condition::State state) {
  constexpr std::string_view kNames[] = {"open", "met", "not_needed", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

RunReport report_of(const Run& run, std::span<const Step> steps,
                    const std::optional<RunSubject>& subject, WallTime now) {
  return Reporter(run, steps, subject, now).report();
}

}  // namespace kw::service
