// What Access holds. Inside the room only.
#pragma once

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "auth/access.h"
#include "auth/held_clock.h"
#include "auth/policy_set.h"
#include "auth/principal_rows.h"
#include "auth/token_cache.h"

namespace kw::auth {

using PrincipalMap = std::unordered_map<std::string, std::shared_ptr<const PrincipalRecord>>;

/// Everything decisions need, as of one access change. Immutable.
struct AccessSnapshot {
  std::int64_t change = -1;  ///< number of the last access change in it; -1 before the first load
  std::uint64_t generation = 0;  ///< grows when a principal that existed changes
  std::shared_ptr<const PrincipalMap> principals = std::make_shared<PrincipalMap>();
  std::shared_ptr<const std::unordered_map<std::string, std::string>> by_certificate =
      std::make_shared<std::unordered_map<std::string, std::string>>();
  PolicySet policies;

  /// Null when unknown or disabled.
  const PrincipalRecord* enabled(const std::string& name) const;
};

/// Tokens whose revocation was written in a transaction here and is not yet known to be committed:
/// they are never cached. Thread-safe.
class UnsettledRevocations {
 public:
  void add(const crypto::Digest256& token_mac, std::int64_t change);
  bool holds(const crypto::Digest256& token_mac) const;
  /// Forgets those that the snapshot of `change` shows as they ended.
  void settle(std::int64_t change);

 private:
  static constexpr std::size_t kMax = 4096;  // beyond it every token counts as unsettled
  struct Entry {
    crypto::Digest256 token_mac;
    std::int64_t change;
  };
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::int64_t all_until_ = -1;
};

/// What one reload read.
struct AccessChanges {
  std::int64_t change = 0;
  std::vector<PrincipalRecord> principals;
  std::vector<std::string> tampered;  ///< names of principals whose rows do not authenticate
  std::vector<PolicyRow> policies;
  std::vector<crypto::Digest256> revoked;
};

struct Access::State {
  State(store::Store& the_store, seal::Barrier& the_barrier, const Clock& the_clock,
        const Options& the_options)
      : store(the_store), barrier(the_barrier), clock(the_clock), options(the_options) {}

  store::Store& store;
  seal::Barrier& barrier;
  HeldClock clock;
  const Options options;
  TokenCache cache;
  UnsettledRevocations unsettled;
  std::mutex reloading;

  std::shared_ptr<const AccessSnapshot> snapshot() const;
  void install(std::shared_ptr<const AccessSnapshot> next);
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  Result<AccessChanges> changes_since(std::int64_t change);
  Status refuse_if_sealed() const;
  Status check_duties_and_grants(std::span<const Grant> grants) const;

  // Tokens.
  Result<std::shared_ptr<CachedToken>> load_token(std::string_view bearer,
                                                  const TokenCache::Key& key,
                                                  std::string_view certificate);
  Status check_alive(CachedToken& token) const;

 private:
  mutable std::shared_mutex mutex_;
  std::shared_ptr<const AccessSnapshot> snapshot_ = std::make_shared<AccessSnapshot>();
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace kw::auth
