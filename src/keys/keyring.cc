#include "keys/keyring.h"

#include <algorithm>
#include <mutex>

#include "keys/key_change.h"
#include "observe/names.h"

namespace kw::keys {

namespace {
constexpr std::size_t kTenantsMax = 10'000;

// A version that somebody may have in use, and may not any more.
bool stops_any(const Key& before, const Key& after) {
  const auto runs = [](const Version* version) {
    return version != nullptr && permission(version->state, Use::kProcess) == Permission::kYes;
  };
  return std::any_of(before.versions.begin(), before.versions.end(), [&](const Version& each) {
    return runs(&each) && !runs(after.version(each.number));
  });
}
}  // namespace

Error not_found() {
  return error(Code::kNotFound, "not_found", "no key with this name");
}

Keyring::State::State(Foundations foundations, observe::Registry& metrics, Options wanted)
    : on(foundations),
      options(wanted),
      hits(metrics.counter(observe::names::kKeyCacheHits, "Key versions found in memory")),
      misses(metrics.counter(observe::names::kKeyCacheMisses, "Key versions unwrapped for use")),
      snapshots(wanted.keys_max, forgets),
      materials(wanted.material_max, wanted.material_ttl, forgets),
      wall_at_start(on.clock.wall()),
      steady_at_start(on.clock.steady()) {}

void Keyring::State::keep_tenant(const Tenant& tenant) {
  const std::unique_lock lock(tenants_mutex);
  if (tenants.size() < kTenantsMax) tenants.emplace(tenant.name, tenant);
}

std::optional<Tenant> Keyring::State::kept_tenant(std::string_view name) {
  const std::shared_lock lock(tenants_mutex);
  const auto found = tenants.find(std::string(name));
  if (found == tenants.end()) return std::nullopt;
  return found->second;
}

// Does not keep what it reads: `reader` may be a transaction that never commits.
Result<Tenant> Keyring::State::tenant(store::Reader& reader, std::string_view name) {
  if (auto kept = kept_tenant(name)) return *std::move(kept);
  KW_TRY(auto found, rows::find_tenant({reader, on.barrier}, name));
  if (!found) return not_found();
  return *std::move(found);
}

Result<Key> Keyring::State::load(store::Reader& reader, std::string_view tenant_name,
                                 std::string_view name) {
  const rows::Source source{reader, on.barrier, on.held};
  KW_TRY(const Tenant owner, tenant(reader, tenant_name));
  KW_TRY(auto key, rows::find_key(source, owner, name));
  if (key) return *std::move(key);
  KW_TRY(const auto target, rows::find_alias(source, owner, name));
  if (!target) return not_found();
  KW_TRY(auto aliased, rows::find_key(source, owner, *target));
  if (!aliased) return not_found();
  return *std::move(aliased);
}

// Marks first: a load that runs now either sees the mark or is erased after it.
void Keyring::State::forget(const KeyId& id) {
  forgets.mark(id);
  snapshots.forget(id);
  materials.forget(id);
}

bool Keyring::State::in_use(const Key& key) {
  return materials.find(key.id, key.primary, on.clock.steady()) != nullptr;
}

bool Keyring::State::replace(const Key& held) {
  const ForgetClock::Ticket ticket = forgets.ticket();
  std::optional<Key> fresh;
  const Status read = on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(fresh, rows::find_key({reader, on.barrier, on.held}, held.id));
    return ok();
  });
  if (!read || !fresh || stops_any(held, *fresh)) return false;
  if (warm) warm(*fresh);
  if (!snapshots.replace(ticket, *std::move(fresh))) return false;
  forgets.tick();
  return true;
}

void Keyring::State::forget_all() {
  forgets.mark_all();
  snapshots.forget_all();
  materials.forget_all();
  const std::unique_lock lock(tenants_mutex);
  tenants.clear();
}

Keyring::Keyring(store::Store& store, seal::Barrier& barrier, audit::ChangeLog& log,
                 const Clock& clock, observe::Registry& metrics, Options options)
    : state_(
          std::make_unique<State>(Foundations{store, barrier, log, clock, {}}, metrics, options)) {
  state_->on.held = &state_->snapshots;
}

Keyring::~Keyring() = default;

Result<std::shared_ptr<const Key>> Keyring::find(std::string_view tenant, std::string_view name) {
  if (auto kept = state_->snapshots.find(tenant, name)) return kept;
  const ForgetClock::Ticket ticket = state_->forgets.ticket();
  std::optional<Key> key;
  KW_OK(state_->on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(key, state_->load(reader, tenant, name));
    return ok();
  }));
  return state_->snapshots.put(ticket, tenant, name, *std::move(key));
}

std::shared_ptr<const Key> Keyring::kept(std::string_view tenant, std::string_view name) const {
  return state_->snapshots.find(tenant, name);
}

Result<Key> Keyring::load(store::Reader& reader, std::string_view tenant, std::string_view name) {
  return state_->load(reader, tenant, name);
}

Result<std::shared_ptr<const crypto::Key>> Keyring::material(const Key& key,
                                                             const Version& version) {
  const SteadyTime now = state_->on.clock.steady();
  if (auto kept = state_->materials.find(key.id, version.number, now)) {
    state_->hits.add();
    return kept;
  }
  if (version.cell == 0) {
    return error(Code::kFailedPrecondition, "version_state", "the version is destroyed");
  }
  state_->misses.add();
  const ForgetClock::Ticket ticket = state_->forgets.ticket();
  SecretBytes secret;
  KW_OK(state_->on.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(secret, state_->on.barrier.get(reader, version.cell, seal_context(key, version)));
    return ok();
  }));
  KW_TRY(auto material, crypto::load(version.algorithm, secret));
  state_->materials.put(ticket, key.id, version.number, material, now);
  return material;
}

void Keyring::forget(const KeyId& id) {
  state_->forget(id);
}
void Keyring::refresh(const KeyId& id) {
  const auto held = state_->snapshots.held(id);
  if (held == nullptr || !state_->in_use(*held) || !state_->replace(*held)) state_->forget(id);
}
void Keyring::warm_by(std::function<void(const Key&)> warm) {
  state_->warm = std::move(warm);
}
void Keyring::forget_all() {
  state_->forget_all();
}
const Foundations& Keyring::foundations() const {
  return state_->on;
}
void Keyring::expire() {
  state_->materials.expire(state_->on.clock.steady());
}

}  // namespace kw::keys
