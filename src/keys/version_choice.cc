#include "keys/version_choice.h"

#include <algorithm>

#include "rotation/rollout.h"

namespace kw::keys {

namespace {

constexpr std::size_t kTriesMax = 32;

bool in_grace(const Key& key, const Version& version, WallTime now) {
  return version.demoted_at && now < *version.demoted_at + key.lease_grace;
}

bool may_protect(const Key& key, const Version& version, WallTime now) {
  switch (permission(version.state, Use::kProtect)) {
    case Permission::kYes:
    case Permission::kNamed:
      return true;
    case Permission::kInGrace:
      return in_grace(key, version, now);
    default:
      return false;
  }
}

}  // namespace

Error version_state(const Version& version) {
  return error(Code::kFailedPrecondition, "version_state",
               "version " + std::to_string(version.number) + " is " +
                   std::string(state_name(version.state)) + ": this use is not allowed");
}

Error no_such_version() {
  return error(Code::kNotFound, "not_found", "no such version");
}

Status require_purpose(const Key& key, std::initializer_list<crypto::Purpose> purposes) {
  if (std::find(purposes.begin(), purposes.end(), key.purpose) != purposes.end()) return ok();
  return error(Code::kFailedPrecondition, "wrong_purpose",
               "the purpose of the key is " + std::string(crypto::purpose_name(key.purpose)));
}

Result<const Version*> choose_to_protect(const Key& key, std::uint32_t number, WallTime now) {
  if (number == 0 && key.primary == 0) {
    return error(Code::kFailedPrecondition, "no_primary",
                 "the key has no primary version: promote or rotate");
  }
  const Version* version = key.version(number == 0 ? key.primary : number);
  if (version == nullptr) return no_such_version();
  if (!may_protect(key, *version, now)) return version_state(*version);
  return version;
}

const Version* choose_in_rollout(const Key& key, std::string_view caller) {
  const Rollout& rollout = key.rollout;
  if (!rollout.open() || !rotation::in_rollout(rollout.salt, caller, rollout.percent))
    return nullptr;
  const Version* version = key.version(rollout.version);
  return version != nullptr && version->state == VersionState::kActive ? version : nullptr;
}

Result<const Version*> choose_to_process(const Key& key, std::uint32_t number) {
  const Version* version = key.version(number);
  if (version == nullptr) return no_such_version();
  if (permission(version->state, Use::kProcess) != Permission::kYes) return version_state(*version);
  return version;
}

std::vector<const Version*> choose_to_try(const Key& key, Use use) {
  std::vector<const Version*> chosen;
  const Version* primary = key.version(key.primary);
  if (primary != nullptr) chosen.push_back(primary);
  const auto add = [&](auto&& fits) {
    for (auto each = key.versions.rbegin(); each != key.versions.rend(); ++each) {
      if (chosen.size() < kTriesMax && &*each != primary && fits(*each)) chosen.push_back(&*each);
    }
  };
  add([&](const Version& each) { return permission(each.state, use) == Permission::kYes; });
  add([&](const Version& each) {
    return permission(each.state, use) == Permission::kUntrusted && !each.public_key.empty();
  });
  return chosen;
}

}  // namespace kw::keys
