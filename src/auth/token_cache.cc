#include "auth/token_cache.h"

#include <algorithm>
#include <cstring>

#include "crypto/random.h"

namespace kw::auth {

TokenCache::TokenCache() {
  crypto::random_public(process_key_);
}

TokenCache::Key TokenCache::key_of(std::string_view bearer) const {
  return crypto::sha256({ByteView(process_key_), as_bytes(bearer)});
}

std::size_t TokenCache::KeyHash::operator()(const Key& key) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, key.data() + 8, sizeof hash);  // the first byte chose the shard
  return hash;
}

std::shared_ptr<CachedToken> TokenCache::find(const Key& key) const {
  const Shard& at = shard(key);
  const std::lock_guard lock(at.mutex);
  const auto found = at.tokens.find(key);
  return found == at.tokens.end() ? nullptr : found->second;
}

void TokenCache::insert(const Key& key, std::shared_ptr<CachedToken> token,
                        std::uint64_t evictions_before) {
  Shard& at = shard(key);
  const std::lock_guard lock(at.mutex);
  if (evictions() != evictions_before) return;
  if (at.tokens.size() >= kShardMax && !at.tokens.contains(key)) at.tokens.erase(at.tokens.begin());
  at.tokens[key] = std::move(token);
}

void TokenCache::evict(const std::vector<crypto::Digest256>& token_macs) {
  if (token_macs.empty()) return;
  evictions_.fetch_add(1, std::memory_order_acq_rel);
  std::vector<crypto::Digest256> sorted = token_macs;
  std::sort(sorted.begin(), sorted.end());
  for (Shard& at : shards_) {
    const std::lock_guard lock(at.mutex);
    std::erase_if(at.tokens, [&](const auto& entry) {
      return std::binary_search(sorted.begin(), sorted.end(), entry.second->row.token_mac);
    });
  }
}

void TokenCache::clear() {
  evictions_.fetch_add(1, std::memory_order_acq_rel);
  for (Shard& at : shards_) {
    const std::lock_guard lock(at.mutex);
    at.tokens.clear();
  }
}

std::vector<std::shared_ptr<CachedToken>> TokenCache::unwritten(std::int64_t now,
                                                                std::int64_t pause) const {
  std::vector<std::shared_ptr<CachedToken>> tokens;
  for (const Shard& at : shards_) {
    const std::lock_guard lock(at.mutex);
    for (const auto& [key, token] : at.tokens) {
      const std::int64_t written = token->written.load();
      if (token->last_used.load() > std::max(written, token->row.last_used_at) &&
          now - written >= pause) {
        tokens.push_back(token);
      }
    }
  }
  return tokens;
}

}  // namespace kw::auth
