// What is only suspected: the time of a compromise, without a change of state. And the end of what
// stood in for a suspect in a drill.
//
// Both act on exactly the snapshot that they are given, in the caller's transaction: @errors
// kAborted(stale_epoch) when it is not the newest any more. After the commit forget the key.
#pragma once

#include <optional>

#include "keys/keyring.h"

namespace kw::keys {

/// Where the stand-ins of drills live. Nothing else belongs there.
inline constexpr std::string_view kDrillTenant = "drill";

/// Records since when a version may be in wrong hands (the earliest time wins), or takes it back
/// (nothing). Of a revoked or destroyed version the time stays as it is. @returns the key as it is
/// now. @errors kNotFound(not_found) @audit a leaf of kind "key-version" without a transition
Result<Key> suspect(Keyring& keyring, Change change, const Key& key, std::uint32_t version,
                    std::optional<WallTime> since);
/// Ends a stand-in at once: every version is revoked and destroyed, each step with its leaf, and
/// the rows go. Only for keys of kDrillTenant. @errors kFailedPrecondition(not_a_stand_in)
Status remove_stand_in(Keyring& keyring, Change change, const Key& key);

}  // namespace kw::keys
