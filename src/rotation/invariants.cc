#include "rotation/invariants.h"

namespace kw::rotation {

namespace {

Error broken(std::string_view reason) {
  return error(Code::kInternal, reason, "a run would break an invariant; nothing was changed");
}

bool past_promote(RunState state) {
  return state >= RunState::kDrain && state <= RunState::kDone;
}

bool past_generate(RunState state) {
  return state >= RunState::kStage && state <= RunState::kDone;
}

Status check_versions(const Run* before, const Run& after) {
  if (after.to_version != 0 && after.to_version <= after.from_version)
    return broken("invariant_version");
  if (before == nullptr) return ok();
  const bool replanned = before->state <= RunState::kApprove;
  if (!replanned && before->from_version != after.from_version) return broken("invariant_version");
  // The new version's number stays while it exists; one that was thrown away comes back higher.
  const bool rebound =
      before->to_version != 0 && after.to_version != 0 && before->to_version != after.to_version;
  if (rebound && after.discarded == before->discarded) return broken("invariant_version");
  return after.epoch > before->epoch ? ok() : Status(broken("invariant_version"));
}

}  // namespace

Status check_invariants(const Run* before, const Run& after) {
  if (before != nullptr && finished(before->state)) return broken("invariant_finished");
  KW_OK(check_versions(before, after));
  if (past_generate(after.state)) {
    const bool planned = !after.plan_hash.empty();
    const bool approved = after.policy.approvals == 0 || !after.approval.empty();
    if (!planned || !approved) return broken("invariant_plan");
    if (after.to_version == 0) return broken("invariant_version");
  }
  if (after.promoted_at && !after.staged_at) return broken("invariant_primary");
  if (past_promote(after.state) && !after.promoted_at) return broken("invariant_order");
  return ok();
}

}  // namespace kw::rotation
