// Unwrapped key versions: bounded in number and in time, so that the arena holds only what is in
// use. Thread-safe. Material is shared: a caller that holds it may finish its one operation after a
// forget.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "base/clock.h"
#include "crypto/key.h"
#include "keys/forget_clock.h"

namespace kw::keys {

class MaterialCache {
 public:
  using Material = std::shared_ptr<const crypto::Key>;

  MaterialCache(std::size_t material_max, std::chrono::seconds ttl, ForgetClock& forgets);

  /// nullptr when it must be unwrapped: never put, forgotten, evicted or older than the time to
  /// live.
  Material find(const KeyId& key, std::uint32_t version, SteadyTime now) const;
  /// Keeps it unless the key was forgotten since `ticket`.
  void put(ForgetClock::Ticket ticket, const KeyId& key, std::uint32_t version,
           const Material& material, SteadyTime now);
  void forget(const KeyId& key);
  void forget_all();
  /// Drops what is older than the time to live.
  void expire(SteadyTime now);

 private:
  struct Address {
    KeyId key;
    std::uint32_t version = 0;
    bool operator==(const Address&) const = default;
  };
  struct AddressHash {
    std::size_t operator()(const Address& address) const {
      return std::hash<KeyId>{}(address.key) ^ (address.version * 0x9E3779B97F4A7C15U);
    }
  };
  struct Slot {
    Slot(Material content, SteadyTime now) : material(std::move(content)), loaded_at(now) {}
    Material material;
    SteadyTime loaded_at;
    mutable std::atomic<bool> used{true};
  };
  struct Shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<Address, Slot, AddressHash> slots;
  };

  static constexpr std::size_t kShards = 64;
  const Shard& shard_of(const KeyId& key) const { return shards_[key.bytes()[0] % kShards]; }
  Shard& shard_of(const KeyId& key) { return shards_[key.bytes()[0] % kShards]; }
  static void evict_one(Shard& shard);

  const std::size_t shard_max_;
  const std::chrono::seconds ttl_;
  ForgetClock& forgets_;
  std::array<Shard, kShards> shards_;
};

}  // namespace kw::keys
