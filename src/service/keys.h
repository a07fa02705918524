// Administering keys: create, find, rotate, roll back, move versions through their states, gate
// their retirement.
#pragma once

#include <optional>
#include <vector>

#include "service/gate.h"

namespace kw::service {

using KeyPtr = std::shared_ptr<const keys::Key>;

/// @errors kAlreadyExists(already_exists), kUnimplemented(algorithm_unavailable). @audit key.create
Result<keys::Key> create_key(House& house, Call& call, const keys::NewKey& wanted);
/// Up to 256 keys in one transaction: all or none. @errors and @audit as create_key, one leaf per
/// key
Result<std::vector<keys::Key>> create_keys(House& house, Call& call,
                                           const std::vector<keys::NewKey>& wanted);
Result<keys::Keyring::Page> list_keys(House& house, Call& call, keys::Keyring::Filter filter);
Result<KeyPtr> show_key(House& house, Call& call);

/// Only the members that are set change.
struct KeyUpdate {
  std::optional<std::string> owner;
  std::optional<keys::Classification> classification;
  std::optional<std::vector<std::string>> regions;
  std::optional<std::map<std::string, std::string>> labels;
  std::optional<std::chrono::seconds> lease_grace;
  std::optional<std::int64_t> expected_epoch;  ///< from If-Match
};
/// @errors kAborted(stale_epoch). @audit key.update
Result<keys::Key> update_key(House& house, Call& call, const KeyUpdate& update);

struct Rotated {
  std::uint32_t version = 0;
  keys::Key key;
};
/// @audit key.rotate, one leaf per version that changed state
Result<Rotated> rotate_key(House& house, Call& call, const keys::Keyring::Rotate& options);
/// @errors kFailedPrecondition(nothing_to_roll_back_to). @audit key.rollback
Result<keys::Key> roll_back_key(House& house, Call& call, std::uint32_t to);

/// Moves one version. Retire, archive and destroy pass the retirement gate unless two approvers
/// override it.
struct VersionMove {
  std::uint32_t version = 0;
  keys::Keyring::Move move;
  bool override_readiness = false;
};
/// @errors kFailedPrecondition(invalid_transition | not_ready: call.details has the blockers |
/// approval_required).
/// @audit the operation's own event, one leaf per version that changed state
Result<keys::Key> move_version(House& house, Call& call, const VersionMove& wanted);
/// @errors kFailedPrecondition(invalid_transition): it does not wait for destruction. @audit
/// key.cancel-destroy
Result<keys::Key> cancel_destroy(House& house, Call& call, std::uint32_t version);

Result<keys::Readiness> key_readiness(House& house, Call& call, std::uint32_t version,
                                      keys::VersionState target,
                                      std::optional<std::chrono::seconds> quiet);
Result<std::vector<keys::UsageRow>> key_usage(House& house, Call& call,
                                              std::optional<WallTime> since);

Status put_alias(House& house, Call& call, const ObjectName& alias, const ObjectName& key);
Status remove_alias(House& house, Call& call, const ObjectName& alias);
Result<std::vector<keys::Keyring::Alias>> list_aliases(House& house, Call& call);

}  // namespace kw::service
