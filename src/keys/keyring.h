// The keyring: keys, versions and their life. Changes run inside the caller's transaction and
// append their own audit leaf; reads come from a bounded cache of immutable snapshots.
//
// Tables: tenant, key_object, key_version, key_label, key_kid, key_alias (rows carry a MAC and an
// epoch; labels and kids are only indexes). One partial unique index enforces one primary per key.
// Thread-safe. After a committed change call forget() or refresh() (or rely on the change feed:
// "key:<id hex>").
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "audit/event.h"
#include "base/result.h"
#include "keys/model.h"
#include "observe/metrics.h"
#include "store/store.h"

namespace kw::seal {
class Barrier;
}
namespace kw::audit {
class ChangeLog;
}

namespace kw::keys {

struct Foundations;
struct PublicForm;

/// Who changes what, in which transaction. `by` carries actor, peer, request id, policy hash and
/// approval for the leaf.
struct Change {
  store::Tx& tx;
  const audit::Event& by;
};

/// A version that is named by its kid.
struct PublicVersion {
  std::shared_ptr<const Key> key;
  std::uint32_t number = 0;
};

/// All keys of all tenants: their facts, their usable material, their life.
///
/// Reads outside a transaction come from the cache. Changes take the caller's transaction and,
/// where they take a `Key`, act on exactly that snapshot: @errors kAborted(stale_epoch) when it is
/// not the newest any more: find again and repeat. Common errors: kUnavailable(sealed),
/// kDataLoss(row_tampered), and the store's.
class Keyring {
 public:
  struct Options {
    std::size_t keys_max = 100'000;  ///< snapshots kept
    /// How long unwrapped material stays in the arena; at most 300 s.
    std::chrono::seconds material_ttl{300};
    std::size_t material_max = 20'000;  ///< unwrapped versions kept
    /// 7 d to 365 d; shorter only with a development seal.
    std::chrono::seconds destroy_wait{30 * 24 * 3600};
  };
  Keyring(store::Store& store, seal::Barrier& barrier, audit::ChangeLog& log, const Clock& clock,
          observe::Registry& metrics, Options options);
  ~Keyring();

  // Tenants. Number 0, `system`, is made by the first unsealing.
  /// Makes the tenant and its first KEK. The name `system` gets number 0.
  /// @errors kAlreadyExists(already_exists)  @audit kind "tenant"
  Result<Tenant> create_tenant(Change change, const TenantName& name);
  Result<Tenant> tenant(std::string_view name);  ///< cached. @errors kNotFound(not_found)
  /// By name, after `after` ("" from the start). @param limit 1 to 1,000.
  Result<std::vector<Tenant>> tenants(std::string_view after, int limit);

  // Reading.
  /// By key name or alias. @errors kNotFound(not_found): no such tenant, key or alias; which, it
  /// does not tell.
  Result<std::shared_ptr<const Key>> find(std::string_view tenant, std::string_view name);
  /// The same from memory alone; nullptr when find() would have to read the store. About 50 ns.
  std::shared_ptr<const Key> kept(std::string_view tenant, std::string_view name) const;
  /// The same, straight from the transaction, for read-change-write.
  Result<Key> load(store::Reader& reader, std::string_view tenant, std::string_view name);
  struct Filter {
    /// "" matches all; `label` as "name=value".
    std::string tenant, owner, state, purpose, algorithm, label, prefix;
    std::optional<Classification> classification;
    std::string sort = "name";  ///< name, -name, created, -created
    std::string after;          ///< cursor: opaque text from the previous page
    int limit = 100;            ///< 1 to 1,000
  };
  struct Page {
    std::vector<std::shared_ptr<const Key>> keys;
    std::string next;
  };
  /// `state` and `algorithm` match when one version has both. `next` is "" after the last page.
  /// @errors kInvalidArgument(bad_cursor | bad_sort | bad_label | bad_limit | bad_name | bad_owner
  ///   | unknown_state | unknown_purpose | unknown_algorithm), kNotFound(not_found): no such
  ///   tenant.
  Result<Page> list(const Filter& filter);
  /// The usable material of a version, from the cache or unwrapped now. About 50 ns from the cache.
  /// @errors kUnavailable(sealed), kDataLoss(unwrap_failed),
  ///   kFailedPrecondition(version_state): destroyed.
  Result<std::shared_ptr<const crypto::Key>> material(const Key& key, const Version& version);
  // Public halves. For everybody: no error tells a missing tenant from an empty one.
  /// The tenant's keys with the label use=jwt, by name; kept for at most 5 s or until any change.
  /// @errors kResourceExhausted(too_many_token_keys): more than 256
  Result<std::shared_ptr<const std::vector<std::shared_ptr<const Key>>>> token_keys(
      std::string_view tenant);
  /// The version of a sign key with this kid, whatever its state. Of two with the same public key
  /// the one that is stopped. @errors kNotFound(not_found)
  Result<PublicVersion> public_version(std::string_view tenant, std::string_view kid);
  /// keys/kid.h, kept. About 50 ns. @errors kDataLoss(bad_key)
  Result<std::string> kid(const Key& key, const Version& version);
  /// Kid and JWK, kept. About 50 ns. @errors kDataLoss(bad_key)
  Result<std::shared_ptr<const PublicForm>> public_form(const Key& key, const Version& version);

  /// Drops the snapshot and its material here. The announcement in the change feed does the same on
  /// other nodes.
  void forget(const KeyId& id);
  /// As forget, for a key that is in use here and goes on: it is read again and made ready first,
  /// and then takes the place of its old snapshot, so that no use waits for the store. Once it
  /// returns, nobody is handed the old snapshot. What stops a version is forgotten outright.
  void refresh(const KeyId& id);
  /// Called by refresh() with what it has read, before anybody is handed it. At start only.
  void warm_by(std::function<void(const Key&)> warm);
  void forget_all();  ///< sealing
  /// Drops material older than its time to live. Call it every few seconds.
  void expire();

  // New material, outside the transaction: give the result to create, import, rotate or move.
  /// Generates and proves by a known-answer round trip. RSA takes up to seconds, others under 1 ms.
  /// @errors kUnimplemented(algorithm_unavailable)
  static Result<PreparedPtr> prepare(crypto::Algorithm algorithm);
  /// Runs the gate for foreign material and the same round trip.
  /// @errors kInvalidArgument(weak_key | bad_key)
  static Result<PreparedPtr> prepare_import(crypto::Algorithm algorithm,
                                            const SecretBytes& material);

  // Life. Compare-and-swap on epochs; one leaf (kind "key-version") per transition.
  /// Version 1 is primary at once (leaf: none to primary, note "via pending,active").
  /// @errors kNotFound(not_found): no such tenant.
  ///   kAlreadyExists(already_exists): a key or an alias has the name.
  ///   kInvalidArgument(purpose_mismatch | bad_owner | bad_region | bad_label | bad_lease_grace)
  Result<Key> create(Change change, std::string_view tenant, const NewKey& wanted);
  /// Adopts foreign material (already unwrapped) as version 1 of a new key, or as the next pending
  /// version of `name` when it exists (then only `algorithm` is taken from `wanted`). With
  /// `wanted.prepared`, `material` is not looked at.
  /// @errors as create; kInvalidArgument(weak_key | bad_key); kFailedPrecondition(wrong_purpose)
  Result<Key> import(Change change, std::string_view tenant, const NewKey& wanted,
                     const SecretBytes& material);
  /// The material of an exportable version, for wrapping to a recipient; adds its leaf.
  /// @errors kFailedPrecondition(not_exportable | version_state), kNotFound(not_found),
  ///   kAborted(stale_epoch). @audit key.export
  Result<SecretBytes> exported(Change change, const Key& key, std::uint32_t version);
  struct Rotate {
    /// Default: the primary's, or the newest version's without one.
    std::optional<crypto::Algorithm> algorithm;
    bool promote = true;   ///< false: the new version stays active for a canary
    PreparedPtr prepared;  ///< of that algorithm; absent: made inside the transaction
  };
  /// Generates the next version, proves it with a known-answer round trip, promotes it.
  /// @returns its number. @errors kInvalidArgument(purpose_mismatch | prepared_mismatch)
  Result<std::uint32_t> rotate(Change change, const Key& key, const Rotate& options);
  /// Moves a version to `to` under the guards of the table; promotes and demotes together. For S9
  /// (a primary revoked or suspended) a replacement is generated and promoted in the same
  /// transaction unless `outage_accepted`.
  struct Move {
    VersionState to = VersionState::kActive;
    std::string reason;  ///< [a-z0-9_-]{0,64}
    std::optional<WallTime> compromised_at;
    bool outage_accepted = false;
    std::chrono::seconds wait{0};  ///< destroying: 0 means the default
    /// S9: of the primary's algorithm; absent: made inside the transaction.
    PreparedPtr replacement;
  };
  /// A promotion opens the stored material and proves it first. A suspended primary returns as
  /// active.
  /// @errors kNotFound(not_found): no such version.
  ///   kFailedPrecondition(invalid_transition | above_former_state | not_former_state |
  ///   needs_replacement: demoting the primary alone | scheduler_only: to destroyed).
  ///   kInvalidArgument(bad_reason | bad_wait | prepared_mismatch)
  Result<Key> move(Change change, const Key& key, std::uint32_t version, const Move& move);
  /// Previous primary again: the pointer moves, numbers do not. `to` 0: the youngest secondary.
  /// @errors kFailedPrecondition(nothing_to_roll_back_to)
  Result<Key> roll_back(Change change, const Key& key, std::uint32_t to);
  /// Cancels a destruction: back to the state before. @errors
  /// kFailedPrecondition(invalid_transition)
  Result<Key> cancel_destroy(Change change, const Key& key, std::uint32_t version);
  /// Owner, classification, regions, labels, lease grace; nothing else of `changed` is looked at.
  /// @errors kAborted(stale_epoch) when expected_epoch differs. @audit kind "key"
  Result<Key> update(Change change, const Key& changed, std::int64_t expected_epoch);
  /// Destroys what is due: called by the service's clockwork. Metadata and the public half stay.
  /// @returns how many.
  /// @errors kFailedPrecondition(clock_jumped): the wall clock ran more than 1 h ahead of the
  ///   monotonic one since this object was made; nothing is destroyed until a restart.
  Result<int> destroy_due(const audit::Event& by);

  // Aliases: a second name for a key of the same tenant. @audit kind "alias"
  /// Makes the alias or points it elsewhere; announced as changes of the keys it points at.
  /// @errors kNotFound(not_found), kAlreadyExists(already_exists): a key has the name.
  Status put_alias(Change change, std::string_view tenant, const ObjectName& alias,
                   const ObjectName& key);
  /// @errors kNotFound(not_found)
  Status remove_alias(Change change, std::string_view tenant, const ObjectName& alias);
  struct Alias {
    std::string name, key;
  };
  /// By name; at most 10,000. @errors kNotFound(not_found)
  Result<std::vector<Alias>> aliases(std::string_view tenant);

  /// For the other files of this room.
  const Foundations& foundations() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Counts keys and versions by state, for metrics, doctor and the dashboard.
struct Census {
  std::int64_t tenants = 0, keys = 0, versions = 0, cells = 0;
};
Result<Census> census(store::Reader& reader);

/// The room's schema: tenant, key_object, key_version, key_label, key_alias, and the tables of
/// usage and jobs.
std::span<const store::Migration> migrations();

}  // namespace kw::keys
