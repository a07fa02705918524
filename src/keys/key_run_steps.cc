#include "keys/key_run_steps.h"

#include "base/failpoint.h"
#include "keys/rollout_meter.h"

namespace kw::keys {

namespace {

using enum VersionState;
using rotation::OldVersion;

// The states between `from` and `to` that a version has to go through, then `to`. Empty: it is
// there, or beyond.
std::vector<VersionState> way(VersionState from, VersionState to) {
  if (to == kRetired && (from == kSecondary || from == kSuspended)) return {kRetired};
  if (to != kArchived) return {};
  if (from == kSecondary || from == kActive) return {kRetired, kArchived};
  if (from == kRetired || from == kSuspended) return {kArchived};
  return {};
}

Error drift() {
  return error(Code::kFailedPrecondition, "drift",
               "somebody else changed the primary version meanwhile");
}

}  // namespace

Counted taken_away(const Key& key, OldVersion end) {
  // Signing keys verify by their public half, which stays even when the private one is destroyed.
  const bool stays = end == OldVersion::kKeepSecondary || end == OldVersion::kRetire ||
                     key.purpose == crypto::Purpose::kSign;
  return stays ? Counted::kProtecting : Counted::kEvery;
}

VersionState end_state(OldVersion end) {
  if (end == OldVersion::kArchive) return kArchived;
  return end == OldVersion::kDestroy ? kDestroying : kRetired;
}

KeyRunSteps::KeyRunSteps(Keyring& keyring, Change change, rotation::Run& run)
    : keyring_(keyring), change_(change), run_(run) {}

Result<Key> KeyRunSteps::key() {
  return keyring_.load(change_.tx, run_.subject.tenant, run_.subject.name);
}

Status KeyRunSteps::create(const Prepared& prepared) {
  if (run_.to_version != 0) return ok();
  KW_TRY(Key before, key());
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_TRY(Version next, edit.seal(prepared));
  KW_TRY(run_.to_version, edit.add(std::move(next), kPending));
  KW_FAILPOINT("keys.run.created");
  KW_OK(edit.finish());
  return ok();
}

Status KeyRunSteps::install() {
  KW_TRY(Key before, key());
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_TRY(Version * next, edit.version(run_.to_version));
  if (next->state == kActive) return ok();
  KW_OK(edit.transition(*next, kActive));
  KW_FAILPOINT("keys.run.installed");
  KW_OK(edit.finish());
  return ok();
}

Status KeyRunSteps::tested() {
  KW_TRY(Key before, key());
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_TRY(const Version* next, edit.version(run_.to_version));
  return edit.leaf_about(*next);
}

Status KeyRunSteps::set_rollout() {
  KW_TRY(Key before, key());
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_TRY(const Version* next, edit.version(run_.to_version));
  edit.key().rollout = {run_.to_version, run_.percent, run_.salt};
  KW_OK(edit.leaf_about(*next));
  KW_FAILPOINT("keys.run.rollout");
  KW_OK(edit.finish());
  return ok();
}

Status KeyRunSteps::hand_over(std::uint32_t from, std::uint32_t to) {
  KW_TRY(Key before, key());
  if (before.primary == to) return ok();
  if (before.primary != from) return drift();
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_OK(edit.promote(to));
  edit.key().rollout = {};
  KW_OK(RolloutMeter::forget(change_.tx, edit.key().id));
  KW_FAILPOINT("keys.run.handed_over");
  KW_OK(edit.finish());
  return ok();
}

Status KeyRunSteps::promote() {
  return hand_over(run_.from_version, run_.to_version);
}

// The very first primary has none to go back to: it stays.
Status KeyRunSteps::demote() {
  if (run_.from_version == 0) return ok();
  return hand_over(run_.to_version, run_.from_version);
}

Status KeyRunSteps::stop_old() {
  KW_TRY(Key before, key());
  if (taken_away(before, run_.policy.old_version) == Counted::kProtecting) return ok();
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_TRY(Version * old, edit.version(run_.from_version));
  if (old->state != kSecondary && old->state != kRetired) return ok();
  KW_OK(edit.transition(*old, kSuspended, kByRotation));
  KW_OK(edit.finish());
  return ok();
}

Status KeyRunSteps::restore_old() {
  KW_TRY(Key before, key());
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_TRY(Version * old, edit.version(run_.from_version));
  if (old->state != kSuspended || old->reason != kByRotation) return ok();
  KW_OK(edit.transition(*old, old->state_before));
  KW_OK(edit.finish());
  return ok();
}

Status KeyRunSteps::leave(KeyChange& edit, std::uint32_t number, VersionState to) {
  KW_TRY(Version * version, edit.version(number));
  for (const VersionState next : way(version->state, to)) KW_OK(edit.transition(*version, next));
  return ok();
}

// Nothing can have been protected with a version that was never more than pending.
Status KeyRunSteps::destroy_unborn(Key before) {
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_TRY(Version * unborn, edit.version(run_.to_version));
  unborn->destroy_after = edit.now();
  KW_OK(edit.transition(*unborn, kDestroying, kByRotation));
  KW_OK(edit.erase(*unborn));
  KW_OK(edit.transition(*unborn, kDestroyed));
  KW_OK(edit.finish());
  return ok();
}

// By way of the archive, as at the end of an orderly life, and with the waiting period in which it
// can be cancelled.
Status KeyRunSteps::destroy_later(Key before, std::uint32_t number) {
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_OK(leave(edit, number, kArchived));
  KW_TRY(const Key archived, edit.finish());
  Keyring::Move destroy;
  destroy.to = kDestroying;
  destroy.reason = kByRotation;
  KW_OK(keyring_.move(change_, archived, number, destroy));
  return ok();
}

Status KeyRunSteps::discard(bool unused) {
  if (run_.to_version == 0) return ok();
  KW_TRY(Key before, key());
  const Version* made = before.version(run_.to_version);
  if (made == nullptr) return ok();
  // Other nodes may have applied it a moment ago: what was ever offered to callers is kept.
  const bool offered = before.rollout.version == run_.to_version;
  if (made->state == kPending) return destroy_unborn(std::move(before));
  if (made->state == kActive && unused && !offered)
    return destroy_later(std::move(before), run_.to_version);
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_TRY(Version * kept, edit.version(run_.to_version));
  const bool leaves = kept->state == kActive || kept->state == kSecondary;
  if (leaves) KW_OK(edit.transition(*kept, kRetired));
  if (offered) edit.key().rollout = {};
  KW_OK(RolloutMeter::forget(change_.tx, edit.key().id));
  if (leaves || offered) KW_OK(edit.finish());
  return ok();
}

Status KeyRunSteps::dispose(OldVersion end) {
  KW_TRY(Key before, key());
  const Version* old = before.version(run_.from_version);
  if (old == nullptr || end == OldVersion::kKeepSecondary) return ok();
  if (old->state == kPrimary) return drift();
  const bool can_end = old->state == kSecondary || old->state == kRetired ||
                       old->state == kArchived || old->state == kSuspended;
  if (end == OldVersion::kDestroy)
    return can_end ? destroy_later(std::move(before), run_.from_version) : ok();
  KeyChange edit(keyring_.foundations(), change_, std::move(before));
  KW_OK(leave(edit, run_.from_version, end_state(end)));
  KW_OK(edit.finish());
  return ok();
}

}  // namespace kw::keys
