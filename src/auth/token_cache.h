// Tokens that were found valid, by a keyed hash of their text; bounded; sharded so that threads
// rarely meet. Inside the room only. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/principal.h"
#include "auth/token_rows.h"
#include "crypto/digest.h"

namespace kw::auth {

/// Immutable but for the marks of use.
struct CachedToken {
  CachedToken(TokenRow token, std::shared_ptr<const Principal> who, std::uint64_t principals)
      : row(std::move(token)),
        principal(std::move(who)),
        generation(principals),
        last_used(row.last_used_at) {}

  const TokenRow row;
  const std::shared_ptr<const Principal> principal;
  const std::uint64_t generation;         ///< of the principals that `principal` was built from
  std::atomic<std::int64_t> last_used;    ///< microseconds since 1970
  std::atomic<std::int64_t> written = 0;  ///< when last_used went to the store
};

class TokenCache {
 public:
  /// SHA-256 of a key of this process and the token's text: names the token in memory without
  /// keeping it.
  using Key = crypto::Digest256;

  TokenCache();
  Key key_of(std::string_view bearer) const;

  std::shared_ptr<CachedToken> find(const Key& key) const;
  /// Grows with each eviction. Read it before reading the row that is to be inserted.
  std::uint64_t evictions() const { return evictions_.load(std::memory_order_acquire); }
  /// Does nothing when anything was evicted since `evictions_before`: the row may be older than the
  /// eviction.
  void insert(const Key& key, std::shared_ptr<CachedToken> token, std::uint64_t evictions_before);
  /// Removes the tokens with these token_macs.
  void evict(const std::vector<crypto::Digest256>& token_macs);
  void clear();
  /// All tokens used since the store last learnt of it, longer than `pause` microseconds ago.
  std::vector<std::shared_ptr<CachedToken>> unwritten(std::int64_t now, std::int64_t pause) const;

 private:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kShardMax = 1024;  // 65,536 tokens in all

  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, std::shared_ptr<CachedToken>, KeyHash> tokens;
  };
  Shard& shard(const Key& key) { return shards_[key[0] % kShards]; }
  const Shard& shard(const Key& key) const { return shards_[key[0] % kShards]; }

  std::array<std::uint8_t, 32> process_key_;
  std::atomic<std::uint64_t> evictions_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace kw::auth
