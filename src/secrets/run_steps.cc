#include "secrets/run_steps.h"

#include "base/failpoint.h"

namespace kw::secrets {

namespace {

using enum VersionState;
using rotation::OldVersion;

Error drift() {
  return error(Code::kFailedPrecondition, "drift",
               "somebody else changed the primary version meanwhile");
}

// Nothing was handed out of a version that was never more than pending.
Status destroy_unborn(SecretChange& edit, Version& unborn) {
  unborn.destroy_after = edit.now();
  KW_OK(edit.transition(unborn, kDestroying, kByRotation));
  KW_OK(edit.erase(unborn));
  return edit.transition(unborn, kDestroyed);
}

}  // namespace

RunSteps::RunSteps(Secrets& secrets, Change change, rotation::Run& run)
    : secrets_(secrets), change_(change), run_(run) {}

template <typename Body>
Status RunSteps::with(const Body& body) {
  KW_TRY(const Secret before, secrets_.load(change_.tx, run_.subject.tenant, run_.subject.name));
  KW_OK(changed(secrets_.foundations(), change_, before, body));
  KW_FAILPOINT("secrets.run.step");
  return ok();
}

Status RunSteps::create(const Value& value, std::string_view origin, std::string_view principal,
                        std::optional<WallTime> expires_at, std::string_view note) {
  if (run_.to_version != 0) return ok();
  return with([&](SecretChange& edit) -> Status {
    KW_TRY(Version next, edit.seal(value, origin));
    next.principal = principal;
    next.expires_at = expires_at;
    next.note = note;
    KW_TRY(run_.to_version, edit.add(std::move(next), kPending));
    return ok();
  });
}

Status RunSteps::install() {
  return with([&](SecretChange& edit) -> Status {
    KW_TRY(Version * next, edit.version(run_.to_version));
    if (next->state != kPending) return ok();
    return edit.transition(*next, kActive);
  });
}

Status RunSteps::tested() {
  return with([&](SecretChange& edit) -> Status {
    edit.leaf_about(run_.to_version);
    return ok();
  });
}

Status RunSteps::set_rollout() {
  return with([&](SecretChange& edit) -> Status {
    KW_TRY(const Version* next, edit.version(run_.to_version));
    const bool none = run_.percent == 0 || run_.percent > 99;
    edit.secret().rollout = none ? Rollout() : Rollout{next->number, run_.percent, run_.salt};
    edit.leaf_about(run_.to_version);
    return ok();
  });
}

Status RunSteps::hand_over(std::uint32_t from, std::uint32_t to) {
  return with([&](SecretChange& edit) -> Status {
    if (edit.secret().primary == to) return ok();
    if (edit.secret().primary != from) return drift();
    edit.secret().rollout = {};
    KW_OK(edit.promote(to));
    return from == 0 ? ok() : edit.retire_others(from);
  });
}

Status RunSteps::promote() {
  return hand_over(run_.from_version, run_.to_version);
}

// The very first primary has none to go back to: it stays.
Status RunSteps::demote() {
  if (run_.from_version == 0) return ok();
  return hand_over(run_.to_version, run_.from_version);
}

Status RunSteps::stop_old() {
  if (run_.from_version == 0) return ok();
  return with([&](SecretChange& edit) -> Status {
    KW_TRY(Version * old, edit.version(run_.from_version));
    return old->state == kSecondary ? edit.transition(*old, kSuspended, kByRotation) : ok();
  });
}

Status RunSteps::restore_old() {
  if (run_.from_version == 0) return ok();
  return with([&](SecretChange& edit) -> Status {
    KW_TRY(Version * old, edit.version(run_.from_version));
    if (old->state != kSuspended || old->reason != kByRotation) return ok();
    return edit.transition(*old, old->state_before);
  });
}

Status RunSteps::revoked() {
  if (run_.from_version == 0) return ok();
  return with([&](SecretChange& edit) -> Status {
    KW_TRY(Version * old, edit.version(run_.from_version));
    const bool handed_out = old->state == kSecondary || old->state == kSuspended;
    if (!handed_out) return ok();
    // A suspect is revoked for good; its replacement was the reason to wait.
    return edit.transition(*old, old->compromised_at ? kRevoked : kRetired, kByRotation);
  });
}

Status RunSteps::discard() {
  if (run_.to_version == 0) return ok();
  return with([&](SecretChange& edit) -> Status {
    KW_TRY(Version * made, edit.version(run_.to_version));
    if (edit.secret().rollout.version == made->number) edit.secret().rollout = {};
    if (made->state == kPending) return destroy_unborn(edit, *made);
    const bool leaves = made->state == kActive || made->state == kSecondary;
    return leaves ? edit.transition(*made, kRetired) : ok();
  });
}

Status RunSteps::dispose(OldVersion end, std::chrono::seconds destroy_wait) {
  if (run_.from_version == 0 || end == OldVersion::kKeepSecondary) return ok();
  return with([&](SecretChange& edit) -> Status {
    KW_TRY(Version * old, edit.version(run_.from_version));
    if (old->state == kPrimary) return drift();
    const bool can_end = old->state == kSecondary || old->state == kRetired ||
                         old->state == kArchived || old->state == kSuspended;
    if (!can_end) return ok();
    if (end == OldVersion::kArchive) return edit.lead(*old, kArchived);
    if (end == OldVersion::kRetire)
      return old->state == kArchived ? ok() : edit.lead(*old, kRetired);
    old->destroy_after = edit.now() + destroy_wait;
    return edit.lead(*old, kDestroying, kByRotation);
  });
}

}  // namespace kw::secrets
