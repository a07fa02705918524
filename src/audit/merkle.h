// RFC 6962 / RFC 9162 Merkle trees over SHA-256, and proofs. Pure functions and values; nothing is
// shared.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace kw::audit {

using Hash = crypto::Digest256;
using Proof = std::vector<Hash>;

/// SHA-256(0x00 | leaf). @source RFC 6962, 2.1.
Hash leaf_hash(ByteView leaf);
/// SHA-256(0x01 | left | right). @source RFC 6962, 2.1.
Hash node_hash(const Hash& left, const Hash& right);
/// SHA-256(""): the root of the tree without leaves. @source RFC 6962, 2.1.
Hash empty_root();

/// The right edge of a growing tree: enough to append and to know the root. 8 + 32 * 64 bytes at
/// most.
class Frontier {
 public:
  /// A subtree of 2^level leaves has become complete; `index` counts such subtrees from the left.
  using Completed = std::function<void(int level, std::uint64_t index, const Hash& hash)>;

  void add(const Hash& leaf);
  /// As add; reports every subtree that the leaf completes, smallest first, the leaf itself
  /// excluded.
  void add(const Hash& leaf, const Completed& completed);
  std::uint64_t size() const { return size_; }
  /// The root over all leaves so far; O(log size).
  Hash root() const;
  /// The frontier of the first `size` leaves, when `size` keeps only whole peaks of this one
  /// (checked).
  Frontier prefix(std::uint64_t size) const;
  /// u64 size, then the peaks, largest subtree first.
  Bytes encode() const;
  /// @errors kDataLoss(bad_frontier)
  static Result<Frontier> decode(ByteView bytes);
  bool operator==(const Frontier&) const = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> peaks_;  // largest subtree first
};

/// Proofs over all leaf hashes of a tree of `leaves.size()`. `index` and `old_size` within the tree
/// (checked).
/// @source RFC 6962, 2.1.1 and 2.1.2.
Proof inclusion_proof(std::span<const Hash> leaves, std::uint64_t index);
Proof consistency_proof(std::span<const Hash> leaves, std::uint64_t old_size);
/// @source RFC 9162, 2.1.3.2 and 2.1.4.2.
bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size, const Proof& proof,
                      const Hash& root);
bool verify_consistency(std::uint64_t old_size, const Hash& old_root, std::uint64_t new_size,
                        const Hash& new_root, const Proof& proof);

}  // namespace kw::audit
