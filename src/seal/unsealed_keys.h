// What is in memory only while unsealed: the derived root keys and a bounded cache of unwrapped
// KEKs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "seal/cell.h"
#include "seal/root_keys.h"

namespace kw::seal {

using KekPtr = std::shared_ptr<const SecretBytes>;
/// True from install to the next install: how long-lived holders of keys learn that they must stop.
using UnsealedFlag = std::shared_ptr<const std::atomic<bool>>;

/// Thread-safe. An operation in flight keeps its own reference; the bytes are wiped when it ends.
///
/// Only facts from committed snapshots are kept: a KEK version of a transaction that is rolled back
/// may come again with another key.
class UnsealedKeys {
 public:
  /// nullptr forgets everything.
  void install(RootKeysPtr root);
  /// @errors kUnavailable(sealed)
  Result<RootKeysPtr> root() const;
  bool sealed() const;
  UnsealedFlag flag() const;

  KekPtr find(const KekName& name) const;
  /// Kept only while `root` is the installed one.
  void keep(const RootKeysPtr& root, const KekName& name, KekPtr kek);

  std::optional<std::uint32_t> primary(std::int64_t tenant) const;
  /// Take this before reading a primary, and give it to keep_primary: a refresh in between wins.
  std::uint64_t generation() const;
  void keep_primary(const RootKeysPtr& root, const KekName& name, std::uint64_t generation);
  /// Drops what is known of the tenant's KEKs.
  void forget(std::int64_t tenant);

 private:
  mutable std::shared_mutex mutex_;
  RootKeysPtr root_;
  std::shared_ptr<std::atomic<bool>> flag_;
  std::unordered_map<std::uint64_t, KekPtr> keks_;
  std::unordered_map<std::int64_t, std::uint32_t> primaries_;
  std::uint64_t generation_ = 0;
};

/// kUnavailable(sealed)
Error sealed_error();

}  // namespace kw::seal
