#include "rotation/crash_matrix.h"

namespace kw::rotation {

namespace {

ResumeDecision before_promotion(const Run& run, bool pending, bool old) {
  if (pending && old) return {};
  if (pending) return {Resume::kPromoteNow, ""};
  if (!old) return {Resume::kAskOperator, "lockout"};
  const bool was_installed = run.staged_at.has_value() && run.state != RunState::kStage;
  return {was_installed ? Resume::kInstallAgain : Resume::kGoOn, ""};
}

ResumeDecision after_promotion(bool pending, bool old) {
  if (pending) return {};
  return {Resume::kAskOperator, old ? "reverted" : "lockout"};
}

}  // namespace

ResumeDecision resume_after_look(const Run& run, const Observed& seen) {
  if (!seen.drift.empty()) return {Resume::kAskOperator, "drift"};
  // The very first version of a subject has no old one that could work.
  const bool old = seen.old_accepted || run.from_version == 0;
  const bool pending = seen.pending_accepted || seen.pending_primary;
  switch (run.state) {
    case RunState::kStage:
    case RunState::kValidate:
    case RunState::kRollout:
      return before_promotion(run, pending, old);
    case RunState::kPromote:
      if (pending) return {};
      return {old ? Resume::kInstallAgain : Resume::kAskOperator, old ? "" : "lockout"};
    case RunState::kDrain:
    case RunState::kQuarantine:
    case RunState::kRevoke:
    case RunState::kArchive:
      return after_promotion(pending, old);
    case RunState::kGenerate:
    case RunState::kRollingBack:
      if (old || pending) return {};
      return {Resume::kAskOperator, "lockout"};
    default:
      return {};
  }
}

}  // namespace kw::rotation
