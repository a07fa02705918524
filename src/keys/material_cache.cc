#include "keys/material_cache.h"

#include <algorithm>
#include <mutex>

namespace kw::keys {

namespace {
constexpr std::chrono::seconds kTtlMax{300};
}

MaterialCache::MaterialCache(std::size_t material_max, std::chrono::seconds ttl,
                             ForgetClock& forgets)
    : shard_max_(std::max<std::size_t>(1, material_max / kShards)),
      ttl_(std::clamp(ttl, std::chrono::seconds(0), kTtlMax)),
      forgets_(forgets) {}

MaterialCache::Material MaterialCache::find(const KeyId& key, std::uint32_t version,
                                            SteadyTime now) const {
  const Shard& shard = shard_of(key);
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.slots.find(Address{key, version});
  if (found == shard.slots.end() || now - found->second.loaded_at >= ttl_) return nullptr;
  const Slot& slot = found->second;
  if (!slot.used.load(std::memory_order_relaxed)) slot.used = true;
  return slot.material;
}

void MaterialCache::put(ForgetClock::Ticket ticket, const KeyId& key, std::uint32_t version,
                        const Material& material, SteadyTime now) {
  Shard& shard = shard_of(key);
  const std::unique_lock lock(shard.mutex);
  if (forgets_.forgotten_since(key, ticket)) return;
  const Address address{key, version};
  shard.slots.erase(address);
  if (shard.slots.size() >= shard_max_) evict_one(shard);
  shard.slots.try_emplace(address, material, now);
}

// Second chance: what was used since the last look stays, unless everything was.
void MaterialCache::evict_one(Shard& shard) {
  auto victim = shard.slots.begin();
  for (auto each = shard.slots.begin(); each != shard.slots.end(); ++each) {
    victim = each;
    if (!each->second.used.exchange(false)) break;
  }
  shard.slots.erase(victim);
}

void MaterialCache::forget(const KeyId& key) {
  Shard& shard = shard_of(key);
  const std::unique_lock lock(shard.mutex);
  std::erase_if(shard.slots, [&](const auto& each) { return each.first.key == key; });
}

void MaterialCache::forget_all() {
  for (Shard& shard : shards_) {
    const std::unique_lock lock(shard.mutex);
    shard.slots.clear();
  }
}

void MaterialCache::expire(SteadyTime now) {
  for (Shard& shard : shards_) {
    const std::unique_lock lock(shard.mutex);
    std::erase_if(shard.slots,
                  [&](const auto& each) { return now - each.second.loaded_at >= ttl_; });
  }
}

}  // namespace kw::keys
