// Administering keys: create, find, rotate, roll back, move versions through their states, gate
// their retirement.
#pragma once

#include <optional>
#include <vector>

#include "service/gate.h"

namespace kw::service {

using KeyPtr = std::shared_ptr<const keys::Key>;

/// @errors kAlreadyExists(already_exists), kUnimplemented(algorithm_unavailable). @audit key.create
Result<keys::Key> create_key(House& house, Call& call, const keys::NewKey& wanted,
                             const Wording<keys::Key>& wording = {});
/// Up to 256 keys in one transaction: all or none. @errors and @audit as create_key, one leaf per
/// key
Result<std::vector<keys::Key>> create_keys(House& house, Call& call,
                                           const std::vector<keys::NewKey>& wanted,
                                           const Wording<std::vector<keys::Key>>& wording = {});
Result<keys::Keyring::Page> list_keys(House& house, Call& call, keys::Keyring::Filter filter);
Result<KeyPtr> show_key(House& house, Call& call);
/// Can the key that the call names be shown at once: from memory, and without so many versions that
/// writing them down would keep an event loop?
bool is_kept(House& house, const Call& call);

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
Result<keys::Key> update_key(House& house, Call& call, const KeyUpdate& update,
                             const Wording<keys::Key>& wording = {});

struct Rotated {
  std::uint32_t version = 0;
  keys::Key key;
};
struct RotationOrder {
  keys::Keyring::Rotate options;
  std::string plan;  ///< the id of a plan, which then says the options; or ""
};
/// @errors kFailedPrecondition(plan_stale): the key changed since the plan, or the plan is another
/// key's. @audit key.rotate, one leaf per version that changed state
Result<Rotated> rotate_key(House& house, Call& call, const RotationOrder& order,
                           const Wording<Rotated>& wording = {});

/// What a rotation would do; nothing is kept of it.
struct RotationPlan {
  std::string id;          ///< "p-" and 12 hex digits: names the key's state and the options
  std::uint32_t from = 0;  ///< the present primary; 0: none
  std::uint32_t to = 0;
  crypto::Algorithm algorithm{};
  crypto::Purpose purpose{};
  bool promote = true;
  std::chrono::seconds grace{0};  ///< how long `from` still protects when it is named
};
/// Recorded as a read. @errors as rotate_key
Result<RotationPlan> plan_rotation(House& house, Call& call, const keys::Keyring::Rotate& options);
/// @errors kFailedPrecondition(nothing_to_roll_back_to). @audit key.rollback
Result<keys::Key> roll_back_key(House& house, Call& call, std::uint32_t to,
                                const Wording<keys::Key>& wording = {});

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
Result<keys::Key> move_version(House& house, Call& call, const VersionMove& wanted,
                               const Wording<keys::Key>& wording = {});
/// @errors kFailedPrecondition(invalid_transition): it does not wait for destruction. @audit
/// key.cancel-destroy
Result<keys::Key> cancel_destroy(House& house, Call& call, std::uint32_t version,
                                 const Wording<keys::Key>& wording = {});

Result<keys::Readiness> key_readiness(House& house, Call& call, std::uint32_t version,
                                      keys::VersionState target,
                                      std::optional<std::chrono::seconds> quiet);
Result<std::vector<keys::UsageRow>> key_usage(House& house, Call& call,
                                              std::optional<WallTime> since);

Status put_alias(House& house, Call& call, const ObjectName& alias, const ObjectName& key,
                 const Wording<Done>& wording = {});
Status remove_alias(House& house, Call& call, const ObjectName& alias,
                    const Wording<Done>& wording = {});
Result<std::vector<keys::Keyring::Alias>> list_aliases(House& house, Call& call);

}  // namespace kw::service
