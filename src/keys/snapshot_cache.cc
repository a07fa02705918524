#include "keys/snapshot_cache.h"

#include <algorithm>
#include <mutex>

namespace kw::keys {

namespace {

/// "tenant/name" without allocation; neither grammar has a slash, so two pairs never meet.
class FullName {
 public:
  FullName(std::string_view tenant, std::string_view name) {
    if (tenant.size() + name.size() >= sizeof(text_)) return;
    char* end = std::copy(tenant.begin(), tenant.end(), text_);
    *end++ = '/';
    end = std::copy(name.begin(), name.end(), end);
    size_ = static_cast<std::size_t>(end - text_);
  }
  /// "" when longer than any name can be.
  std::string_view text() const { return {text_, size_}; }

 private:
  char text_[63 + 1 + 128];
  std::size_t size_ = 0;
};

std::size_t shard_of(std::string_view name) {
  return std::hash<std::string_view>{}(name) >> 8;
}
std::size_t shard_of(const KeyId& id) {
  return id.bytes()[0];
}

/// Removes one entry: a stale one, else one that was not used since the last look, else any.
template <typename Entries>
auto take_victim(Entries& entries) {
  const auto stale = std::find_if(entries.begin(), entries.end(),
                                  [](const auto& each) { return each.second->stale.load(); });
  auto victim = stale;
  for (auto each = entries.begin(); stale == entries.end() && each != entries.end(); ++each) {
    victim = each;
    if (!each->second->used.exchange(false)) break;
  }
  auto entry = victim->second;
  entries.erase(victim);
  return entry;
}

}  // namespace

SnapshotCache::SnapshotCache(std::size_t keys_max, ForgetClock& forgets)
    : shard_max_(std::max<std::size_t>(1, keys_max / kShards)), forgets_(forgets) {}

std::shared_ptr<const Key> SnapshotCache::find(std::string_view tenant,
                                               std::string_view name) const {
  const FullName full(tenant, name);
  const NameShard& shard = by_name_[shard_of(full.text()) % kShards];
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.entries.find(full.text());
  if (found == shard.entries.end()) return nullptr;
  Entry& entry = *found->second;
  if (entry.stale.load(std::memory_order_acquire)) return nullptr;
  // Written only when it changes: the cache line stays shared between the cores.
  if (!entry.used.load(std::memory_order_relaxed)) entry.used = true;
  return entry.key;
}

SnapshotCache::EntryPtr SnapshotCache::put_by_id(ForgetClock::Ticket ticket,
                                                 const std::shared_ptr<const Key>& key) {
  IdShard& shard = by_id_[shard_of(key->id) % kShards];
  const std::lock_guard lock(shard.mutex);
  if (forgets_.forgotten_since(key->id, ticket)) return nullptr;
  EntryPtr& kept = shard.entries[key->id];
  if (kept && kept->key->epoch >= key->epoch) return kept;
  if (kept) kept->stale = true;
  kept = std::make_shared<Entry>(key);
  EntryPtr result = kept;
  if (shard.entries.size() > shard_max_) take_victim(shard.entries)->stale = true;
  return result;
}

std::shared_ptr<const Key> SnapshotCache::put(ForgetClock::Ticket ticket, std::string_view tenant,
                                              std::string_view name, Key key) {
  auto snapshot = std::make_shared<const Key>(std::move(key));
  const FullName full(tenant, name);
  const EntryPtr entry = put_by_id(ticket, snapshot);
  if (!entry || full.text().empty()) return snapshot;
  put_name(full.text(), entry);
  return entry->key;
}

void SnapshotCache::put_name(std::string_view full, const EntryPtr& entry) {
  NameShard& shard = by_name_[shard_of(full) % kShards];
  const std::unique_lock lock(shard.mutex);
  shard.entries.insert_or_assign(std::string(full), entry);
  // Twice as many names as keys: aliases, and names whose key was evicted, which go first.
  if (shard.entries.size() > 2 * shard_max_) take_victim(shard.entries);
}

std::shared_ptr<const Key> SnapshotCache::held(const KeyId& id) const {
  const IdShard& shard = by_id_[shard_of(id) % kShards];
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.entries.find(id);
  return found == shard.entries.end() ? nullptr : found->second->key;
}

// Under the id's lock from the look at the clock to the end: a forget() is before or after all of
// it.
bool SnapshotCache::replace(ForgetClock::Ticket ticket, Key key) {
  const FullName full(key.tenant_name, key.name);
  IdShard& shard = by_id_[shard_of(key.id) % kShards];
  const std::lock_guard lock(shard.mutex);
  if (forgets_.forgotten_since(key.id, ticket)) return false;
  EntryPtr& kept = shard.entries[key.id];
  if (kept && kept->key->epoch > key.epoch) return true;
  const auto fresh = std::make_shared<Entry>(std::make_shared<const Key>(std::move(key)));
  if (!full.text().empty()) put_name(full.text(), fresh);
  if (kept) kept->stale = true;
  kept = fresh;
  return true;
}

void SnapshotCache::forget(const KeyId& id) {
  IdShard& shard = by_id_[shard_of(id) % kShards];
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.entries.find(id);
  if (found == shard.entries.end()) return;
  found->second->stale = true;
  shard.entries.erase(found);
}

void SnapshotCache::forget_all() {
  for (IdShard& shard : by_id_) {
    const std::lock_guard lock(shard.mutex);
    for (auto& [id, entry] : shard.entries) entry->stale = true;
    shard.entries.clear();
  }
  for (NameShard& shard : by_name_) {
    const std::unique_lock lock(shard.mutex);
    shard.entries.clear();
  }
}

}  // namespace kw::keys
