// Which version is primary: rotation and rolling back.
#include "base/failpoint.h"
#include "keys/attributes.h"
#include "keys/key_change.h"

namespace kw::keys {

namespace {

// A key always has a version: creation and import make the first one.
crypto::Algorithm current_algorithm(const Key& key) {
  const Version* primary = key.version(key.primary);
  return primary != nullptr ? primary->algorithm : key.versions.back().algorithm;
}

Status add_primary(KeyChange& edit, Version next) {
  if (edit.key().primary != 0) {
    KW_TRY(Version * old, edit.version(edit.key().primary));
    KW_OK(edit.transition(*old, VersionState::kSecondary));
    KW_FAILPOINT("keys.rotate.demoted");
  }
  KW_OK(edit.add(std::move(next), VersionState::kPrimary));
  KW_FAILPOINT("keys.rotate.promoted");
  return ok();
}

// The secondary that was primary last.
std::uint32_t youngest_secondary(const Key& key) {
  const Version* youngest = nullptr;
  for (const Version& each : key.versions) {
    if (each.state != VersionState::kSecondary) continue;
    if (youngest == nullptr || each.demoted_at >= youngest->demoted_at) youngest = &each;
  }
  return youngest == nullptr ? 0 : youngest->number;
}

}  // namespace

Result<std::uint32_t> Keyring::rotate(Change change, const Key& key, const Rotate& options) {
  const crypto::Algorithm algorithm = options.algorithm.value_or(current_algorithm(key));
  KW_OK(check_purpose(algorithm, key.purpose));
  KW_TRY(const PreparedPtr prepared, prepared_or_new(options.prepared, algorithm));
  KW_FAILPOINT("keys.rotate.generated");
  KeyChange edit(state_->on, change, key);
  KW_TRY(Version next, edit.seal(*prepared));
  if (options.promote) {
    KW_OK(add_primary(edit, std::move(next)));
  } else {
    KW_OK(edit.add(std::move(next), VersionState::kActive));
  }
  KW_TRY(const Key after, edit.finish());
  return after.versions.back().number;
}

Result<Key> Keyring::roll_back(Change change, const Key& key, std::uint32_t to) {
  const std::uint32_t target = to != 0 ? to : youngest_secondary(key);
  if (target == 0) {
    return error(Code::kFailedPrecondition, "nothing_to_roll_back_to",
                 "the key has no secondary version");
  }
  const Version* version = key.version(target);
  if (version == nullptr) return error(Code::kNotFound, "not_found", "no such version");
  if (version->state != VersionState::kSecondary) {
    return error(Code::kFailedPrecondition, "nothing_to_roll_back_to",
                 "only a secondary version can become primary again");
  }
  Move promotion;
  promotion.to = VersionState::kPrimary;
  return move(change, key, target, promotion);
}

}  // namespace kw::keys
