// Follows every key version through the log: each transition begins where the last one ended, and
// is legal.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "audit/leaf.h"

namespace kw::audit {

/// One per verification; leaves come in the order of the log.
class Lifecycles {
 public:
  /// False for a "key-version" leaf whose transition, or that of the version that it demoted, is
  /// not legal there. Other leaves, refusals and leaves without a to_state are passed over.
  bool follow(const Leaf& leaf);

 private:
  // The beginning of SHA-256(object | version): versions are many, names long.
  using VersionKey = std::array<std::uint8_t, 16>;
  struct KeyHash {
    std::size_t operator()(const VersionKey& key) const {
      std::size_t value = 0;
      std::memcpy(&value, key.data(), sizeof value);
      return value;
    }
  };
  static VersionKey key_of(const Leaf& leaf, std::int64_t version);
  bool step(const VersionKey& version, std::string_view from, std::string_view to);

  std::unordered_map<VersionKey, std::string_view, KeyHash> states_;  // views of literals
};

}  // namespace kw::audit
