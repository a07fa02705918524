// The change log's tree as the store holds it: leaves, and hashes of complete subtrees of 256^n
// leaves.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "audit/tile.h"
#include "audit/tree_nodes.h"
#include "store/store.h"

namespace kw::audit {

/// Reads whole or partial tiles and keeps those it has read: a proof touches few. Lives within one
/// read of the store.
class StoredTree final : public TreeNodes {
 public:
  explicit StoredTree(store::Reader& reader) : reader_(reader) {}

  /// @errors kDataLoss(audit_tampered): a leaf or hash that must exist is missing.
  Result<Hash> node(int level, std::uint64_t index) override;
  /// The leaves [begin, end) as text.
  Result<std::vector<std::string>> leaves(std::uint64_t begin, std::uint64_t end);
  /// The hashes of a hash tile.
  Result<std::vector<Hash>> hashes(const TileName& name);
  /// A hash tile or an entry bundle as C2SP lays it out.
  Result<Bytes> tile(const TileName& name);

 private:
  Result<const std::vector<Hash>*> cached(int tile_level, std::uint64_t tile_index);

  store::Reader& reader_;
  std::map<std::pair<int, std::uint64_t>, std::vector<Hash>> cache_;
};

}  // namespace kw::audit
