// How tenants, keys, versions and aliases lie in the store: canonical encodings, row MACs,
// compare-and-swap. Every row that comes out of here has been authenticated. Private to the room.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "keys/model.h"
#include "keys/snapshot_cache.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::keys::rows {

/// Where rows are read, what authenticates them, and what was authenticated before: of a key that
/// is held, find_key and find_keys read only the versions that may have changed since.
struct Source {
  store::Reader& reader;
  seal::Barrier& barrier;
  const SnapshotCache* held = nullptr;
};
/// Where rows are written.
struct Target {
  store::Tx& tx;
  seal::Barrier& barrier;
};

/// A key row that is authentic by itself; complete_key adds the versions and checks that they fit
/// it.
struct KeyRow {
  Key key;
  std::int64_t next_version = 1;
  std::int64_t version_changes =
      0;  ///< sum of the versions' epochs: a version row set back alone shows
};

/// The columns that key_of reads, in order, from `key_object k`.
inline constexpr std::string_view kKeyColumns =
    "k.id, k.tenant, k.name, k.purpose, k.exportable, k.owner, k.classification, k.regions, "
    "k.labels, k.lease_grace, k.created_at, k.primary_version, k.next_version, "
    "k.version_changes, k.epoch, k.mac, k.rollout_version, k.rollout_percent, k.rollout_salt";
/// The columns that version_of reads, in order, from `key_version v`.
inline constexpr std::string_view kVersionColumns =
    "v.key_id, v.number, v.algorithm, v.state, v.state_before, v.suspended_from, v.cell, "
    "v.public_key, v.origin, v.created_at, v.promoted_at, v.demoted_at, v.destroy_after, "
    "v.compromised_at, v.reason, v.epoch, v.mac";

/// @errors of all reads: kDataLoss(row_tampered), kUnavailable(sealed), and the store's.
Result<std::optional<Tenant>> find_tenant(Source source, std::string_view name);
Result<std::optional<Tenant>> find_tenant(Source source, std::int64_t number);
/// Those of `names` that there are, in any order.
Result<std::vector<Tenant>> find_tenants(Source source, std::span<const std::string_view> names);
Result<std::vector<Tenant>> list_tenants(Source source, std::string_view after, int limit);
/// A tenant in its place, as the store names it.
struct PlacedTenant {
  std::string name;
  std::optional<Tenant> tenant;  ///< nothing: its row does not authenticate
};
/// The first `limit` tenants from `place` on (`itself`: with that one), by name.
Result<std::vector<PlacedTenant>> tenants_from(Source source, std::string_view place, bool itself,
                                               int limit);
/// @returns false when the number or the name is taken.
Result<bool> insert_tenant(Target target, const Tenant& tenant);

Result<std::optional<Key>> find_key(Source source, const Tenant& tenant, std::string_view name);
Result<std::optional<Key>> find_key(Source source, const KeyId& id);
/// A key by its own name, not by an alias.
struct KeyName {
  const Tenant* tenant = nullptr;
  std::string_view name;
};
/// Those of `names` that there are, in any order.
Result<std::vector<Key>> find_keys(Source source, std::span<const KeyName> names);
/// A key in its place, as the store names it.
struct Placed {
  std::string tenant, name;
  std::optional<Key> key;  ///< nothing: its rows do not authenticate
};
/// The first `limit` keys behind that place (no key need be there), by tenant and name; "" and ""
/// are before all.
Result<std::vector<Placed>> keys_behind(Source source, std::string_view tenant,
                                        std::string_view name, int limit);
Result<KeyRow> key_of(seal::RowMacs& macs, const store::Row& row);
/// Puts the versions (ascending) into the key. @errors kDataLoss(row_tampered): rows are missing,
/// older than the key row, or disagree on the primary.
Result<Key> complete_key(KeyRow row, std::vector<Version> versions);
Result<bool> insert_key(Target target, const Key& key);
/// Writes the row with the epoch raised by one. @errors kAborted(stale_epoch)
Status update_key(Target target, Key& key);
/// As update_key where only versions, primary and rollout changed; all or none.
Status hand_over_keys(Target target, std::span<Key* const> keys);
/// Replaces the label rows, which only serve the filter of lists.
Status write_labels(store::Tx& tx, const Key& key);

Result<Version> version_of(seal::RowMacs& macs, const store::Row& row);
Status insert_version(Target target, const KeyId& key, const Version& version);
/// A version of a key.
struct VersionRef {
  const Key* key = nullptr;
  Version* version = nullptr;
};
/// As insert_version and insert_kid; all or none.
Status insert_versions(Target target, std::span<const VersionRef> versions);
/// As update_version of primaries that became secondaries; all or none.
Status demote_versions(Target target, std::span<const VersionRef> versions);
/// Adds the index entry that finds a sign key's version by its kid.
Status insert_kid(store::Tx& tx, const Key& key, const Version& version);
/// Writes the row with the epoch raised by one. @errors kAborted(stale_epoch)
Status update_version(Target target, const KeyId& key, Version& version);

/// The name of the key that the alias stands for.
Result<std::optional<std::string>> find_alias(Source source, const Tenant& tenant,
                                              std::string_view name);
/// Pairs of alias and key, by alias.
Result<std::vector<std::pair<std::string, std::string>>> list_aliases(Source source,
                                                                      const Tenant& tenant,
                                                                      int limit);
Status write_alias(Target target, const Tenant& tenant, std::string_view name,
                   std::string_view key);

Error tampered();
Error stale_epoch();

}  // namespace kw::keys::rows
