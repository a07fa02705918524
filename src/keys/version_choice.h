// Which version serves a request: the operations table of docs/formats/states.md. Private to the
// room.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "keys/model.h"

namespace kw::keys {

/// @errors kFailedPrecondition(wrong_purpose)
Status require_purpose(const Key& key, std::initializer_list<crypto::Purpose> purposes);

/// The version that encrypts, signs or MACs: the primary for 0, else the named one if it may.
/// @errors kFailedPrecondition(no_primary | version_state), kNotFound(not_found)
Result<const Version*> choose_to_protect(const Key& key, std::uint32_t number, WallTime now);
/// The version that a rollout gives `caller`: the new one when it is its turn and the version is
/// active; nullptr: the primary. Sticky for a caller, the same on every node.
const Version* choose_in_rollout(const Key& key, std::string_view caller);
/// The named version, if it may decrypt, verify a MAC or derive again.
/// @errors kFailedPrecondition(version_state), kNotFound(not_found)
Result<const Version*> choose_to_process(const Key& key, std::uint32_t number);
/// Versions to try on a signature or tag that names none: the primary, then those that `use`
/// permits, then, for Use::kVerify, untrusted ones with a public half; each group newest first; at
/// most 32.
std::vector<const Version*> choose_to_try(const Key& key, Use use);

Error version_state(const Version& version);
Error no_such_version();

}  // namespace kw::keys
