// What a Keyring holds. Private to the room.
#pragma once

#include <shared_mutex>
#include <unordered_map>

#include "keys/forget_clock.h"
#include "keys/keyring.h"
#include "keys/kid.h"
#include "keys/material_cache.h"
#include "keys/rows.h"
#include "keys/snapshot_cache.h"
#include "keys/token_key_cache.h"

namespace kw::keys {

/// What every change stands on.
struct Foundations {
  store::Store& store;
  seal::Barrier& barrier;
  audit::ChangeLog& log;
  const Clock& clock;
  const SnapshotCache* held;  ///< keys that were authenticated before
};

struct Keyring::State {
  State(Foundations foundations, observe::Registry& metrics, Options wanted);

  /// @errors kNotFound(not_found)
  Result<Tenant> tenant(store::Reader& reader, std::string_view name);
  Result<Key> load(store::Reader& reader, std::string_view tenant, std::string_view name);
  void keep_tenant(const Tenant& tenant);
  std::optional<Tenant> kept_tenant(std::string_view name);
  void forget(const KeyId& id);
  bool in_use(const Key& key);
  /// False when only forgetting is right.
  bool replace(const Key& held);
  void forget_all();

  Foundations on;
  Options options;
  observe::Counter& hits;    ///< versions found in memory
  observe::Counter& misses;  ///< versions that had to be unwrapped
  ForgetClock forgets;
  SnapshotCache snapshots;
  MaterialCache materials;
  KidCache kids;
  TokenKeyCache token_keys;
  std::function<void(const Key&)> warm;
  std::shared_mutex tenants_mutex;
  std::unordered_map<std::string, Tenant> tenants;  ///< they never change; at most kTenantsMax
  const WallTime wall_at_start;
  const SteadyTime steady_at_start;
};

Error not_found();

}  // namespace kw::keys
