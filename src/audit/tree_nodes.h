// Proofs over a tree whose complete subtrees can be looked up: in memory, or from a store in O(log
// n) reads.
#pragma once

#include <cstdint>

#include "audit/merkle.h"

namespace kw::audit {

/// Where hashes of complete subtrees come from.
class TreeNodes {
 public:
  virtual ~TreeNodes() = default;
  /// The hash over the leaves [index * 2^level, (index + 1) * 2^level). Asked only for complete
  /// subtrees.
  virtual Result<Hash> node(int level, std::uint64_t index) = 0;
};

/// The root over the first `size` leaves. @errors those of `nodes`.
Result<Hash> root_of(TreeNodes& nodes, std::uint64_t size);
/// @errors kInvalidArgument(bad_tree_size): index not below size; those of `nodes`. @source RFC
/// 6962, 2.1.1.
Result<Proof> inclusion_proof(TreeNodes& nodes, std::uint64_t index, std::uint64_t size);
/// Empty for equal sizes. @errors kInvalidArgument(bad_tree_size): not 0 < old_size <= new_size.
/// @source RFC 6962, 2.1.2.
Result<Proof> consistency_proof(TreeNodes& nodes, std::uint64_t old_size, std::uint64_t new_size);

}  // namespace kw::audit
