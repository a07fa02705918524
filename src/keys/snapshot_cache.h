// Key snapshots by name and by id: 64 shards, bounded, evicting what was not used lately.
// Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "keys/forget_clock.h"
#include "keys/model.h"

namespace kw::keys {

class SnapshotCache {
 public:
  /// @param keys_max  snapshots kept; `forgets` outlives the cache.
  SnapshotCache(std::size_t keys_max, ForgetClock& forgets);

  /// `name` is a key's name or an alias. nullptr when it must be read. About 50 ns.
  std::shared_ptr<const Key> find(std::string_view tenant, std::string_view name) const;
  /// Keeps `key` under `name`, unless it was forgotten since `ticket`. @returns what to hand out.
  std::shared_ptr<const Key> put(ForgetClock::Ticket ticket, std::string_view tenant,
                                 std::string_view name, Key key);
  /// What find() hands out for this key, whatever its name. nullptr when nothing is kept.
  std::shared_ptr<const Key> held(const KeyId& id) const;
  /// Puts what was read after `ticket` in the place of what is held, under the key's own name, in
  /// one step: a find() in between has one or the other. Aliases are read anew.
  /// @returns false when the key was forgotten since: nothing is kept then.
  bool replace(ForgetClock::Ticket ticket, Key key);
  void forget(const KeyId& id);
  void forget_all();

 private:
  struct Entry {
    explicit Entry(std::shared_ptr<const Key> snapshot) : key(std::move(snapshot)) {}
    const std::shared_ptr<const Key> key;
    std::atomic<bool> stale{false};  ///< no longer in by_id_: names that still point here reload
    std::atomic<bool> used{true};
  };
  using EntryPtr = std::shared_ptr<Entry>;

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct NameShard {
    mutable std::shared_mutex mutex;
    std::unordered_map<std::string, EntryPtr, TextHash, std::equal_to<>> entries;
  };
  struct IdShard {
    mutable std::mutex mutex;
    std::unordered_map<KeyId, EntryPtr> entries;
  };

  static constexpr std::size_t kShards = 64;
  EntryPtr put_by_id(ForgetClock::Ticket ticket, const std::shared_ptr<const Key>& key);
  void put_name(std::string_view full, const EntryPtr& entry);

  const std::size_t shard_max_;
  ForgetClock& forgets_;
  std::array<NameShard, kShards> by_name_;
  std::array<IdShard, kShards> by_id_;
};

}  // namespace kw::keys
