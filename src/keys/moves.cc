// The guards of the state table that hold for every caller. Retirement readiness and approvals are
// the service's.
#include "base/failpoint.h"
#include "keys/attributes.h"
#include "keys/key_change.h"

namespace kw::keys {

namespace {

using enum VersionState;
using std::chrono::seconds;

constexpr seconds kDay{24 * 3600};
constexpr seconds kWaitMin = 7 * kDay, kWaitMax = 365 * kDay;

Error refused(std::string_view reason, std::string_view message) {
  return error(Code::kFailedPrecondition, reason, message);
}

// How much a version may do; a restore must not raise it (S11). A suspended primary returns as
// active.
int power(VersionState state) {
  switch (state) {
    case kPrimary:
      return 4;
    case kActive:
      return 3;
    case kSecondary:
      return 2;
    case kRetired:
      return 1;
    default:
      return 0;
  }
}

Status guard(const Version& version, const Keyring::Move& move) {
  const VersionState from = version.state;
  KW_OK(find_transition(from, move.to));
  if (from == kPrimary && move.to == kSecondary)
    return refused("needs_replacement", "promote another version: it demotes this one");
  if (from == kDestroying && move.to == kDestroyed)
    return refused("scheduler_only", "a version is destroyed when its waiting period is over");
  if (from == kDestroying && move.to != version.state_before)
    return refused("not_former_state", "a cancelled destruction leads back to the state before");
  const bool restores = from == kSuspended && move.to != kRevoked && move.to != kDestroying;
  if (restores && power(move.to) > power(version.state_before))
    return refused("above_former_state", "a version cannot come back with more rights than before");
  return ok();
}

Result<seconds> checked_wait(seconds wanted, seconds standard) {
  const seconds wait = wanted == wanted.zero() ? standard : wanted;
  const seconds least = std::min(kWaitMin, standard);
  if (wait >= least && wait <= kWaitMax) return wait;
  return error(Code::kInvalidArgument, "bad_wait", "a destruction waits 7 to 365 days");
}

// S9, S10: the replacement comes in the same transaction, so that the key never lacks a primary
// unnoticed.
Status stop_primary(KeyChange& edit, Version& version, const Keyring::Move& move) {
  const crypto::Algorithm algorithm = version.algorithm;
  if (move.outage_accepted) return edit.transition(version, move.to, move.reason);
  KW_TRY(const PreparedPtr replacement, prepared_or_new(move.replacement, algorithm));
  KW_TRY(Version next, edit.seal(*replacement));
  KW_OK(edit.transition(version, move.to, move.reason));
  KW_FAILPOINT("keys.move.stopped");
  KW_OK(edit.add(std::move(next), kPrimary));
  return ok();
}

Status apply(KeyChange& edit, Version& version, const Keyring::Move& move) {
  if (move.to == kPrimary) {
    KW_OK(edit.prove_stored(version));
    return edit.promote(version.number);
  }
  if (move.to == kRevoked && version.state != kDestroying)
    version.compromised_at = move.compromised_at;
  if (version.state == kPrimary) return stop_primary(edit, version, move);
  return edit.transition(version, move.to, move.reason);
}

}  // namespace

Result<Key> Keyring::move(Change change, const Key& key, std::uint32_t number, const Move& move) {
  KW_OK(check_reason(move.reason));
  KeyChange edit(state_->on, change, key);
  KW_TRY(Version * version, edit.version(number));
  KW_OK(guard(*version, move));
  if (move.to == kDestroying) {
    KW_TRY(const seconds wait, checked_wait(move.wait, state_->options.destroy_wait));
    version->destroy_after = edit.now() + wait;
  }
  KW_FAILPOINT("keys.move");
  KW_OK(apply(edit, *version, move));
  return edit.finish();
}

Result<Key> Keyring::cancel_destroy(Change change, const Key& key, std::uint32_t number) {
  const Version* version = key.version(number);
  if (version == nullptr) return error(Code::kNotFound, "not_found", "no such version");
  if (version->state != kDestroying)
    return refused("invalid_transition", "the version does not wait for its destruction");
  Move back;
  back.to = version->state_before;
  return move(change, key, number, back);
}

Result<Key> Keyring::update(Change change, const Key& changed, std::int64_t expected_epoch) {
  KW_OK(check_attributes(changed));
  KW_TRY(auto stored, rows::find_key({change.tx, state_->on.barrier}, changed.id));
  if (!stored) return error(Code::kNotFound, "not_found", "no key with this name");
  if (stored->epoch != expected_epoch) return rows::stale_epoch();
  // Everything else stays as stored: a change of metadata must not widen what the key may do.
  stored->owner = changed.owner;
  stored->classification = changed.classification;
  stored->regions = changed.regions;
  stored->labels = changed.labels;
  stored->lease_grace = changed.lease_grace;
  KeyChange edit(state_->on, change, *std::move(stored));
  KW_OK(rows::write_labels(change.tx, edit.key()));
  KW_FAILPOINT("keys.update");
  KW_OK(edit.leaf_about_key());
  return edit.finish();
}

}  // namespace kw::keys
