#include "audit/stored_tree.h"

#include <algorithm>

#include "audit/change_log_state.h"

namespace kw::audit {

namespace {

constexpr int kTileHeight = 8;  // 256 = 2^8 hashes a tile

Hash combine(std::span<const Hash> hashes) {
  Frontier frontier;
  for (const Hash& hash : hashes) frontier.add(hash);
  return frontier.root();
}

Result<Hash> to_hash(const Bytes& bytes) {
  Hash hash;
  if (bytes.size() != hash.size()) return audit_tampered();
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

}  // namespace

Result<std::vector<std::string>> StoredTree::leaves(std::uint64_t begin, std::uint64_t end) {
  KW_TRY(store::Rows rows,
         reader_.query("SELECT seq, leaf FROM audit_leaf WHERE seq >= $1 AND seq < $2 ORDER BY seq",
                       {static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)}));
  std::vector<std::string> texts;
  for (const store::Row& row : rows) {
    if (row.integer(0) != static_cast<std::int64_t>(begin + texts.size())) return audit_tampered();
    texts.push_back(row.text(1));
  }
  if (texts.size() != end - begin) return audit_tampered();
  return texts;
}

Result<std::vector<Hash>> StoredTree::hashes(const TileName& name) {
  const std::uint64_t begin = name.index * kTileWidth;
  std::vector<Hash> found;
  if (name.level == 0) {
    KW_TRY(auto texts, leaves(begin, begin + name.width));
    for (const std::string& text : texts) found.push_back(leaf_hash(as_bytes(text)));
    return found;
  }
  KW_TRY(store::Rows rows,
         reader_.query("SELECT place, hash FROM audit_hash"
                       " WHERE level = $1 AND place >= $2 AND place < $3 ORDER BY place",
                       {name.level, static_cast<std::int64_t>(begin),
                        static_cast<std::int64_t>(begin + name.width)}));
  for (const store::Row& row : rows) {
    if (row.integer(0) != static_cast<std::int64_t>(begin + found.size())) return audit_tampered();
    KW_TRY(Hash hash, to_hash(row.bytes(1)));
    found.push_back(hash);
  }
  if (found.size() != name.width) return audit_tampered();
  return found;
}

Result<Bytes> StoredTree::tile(const TileName& name) {
  Bytes bytes;
  if (name.level == kEntriesLevel) {
    const std::uint64_t begin = name.index * kTileWidth;
    KW_TRY(auto texts, leaves(begin, begin + name.width));
    for (const std::string& text : texts) {
      if (text.size() > kEntryBytesMax) return audit_tampered();
      append_entry(bytes, text);
    }
    return bytes;
  }
  KW_TRY(auto found, hashes(name));
  for (const Hash& hash : found) bytes.insert(bytes.end(), hash.begin(), hash.end());
  return bytes;
}

// All that the store has of a tile: node() asks for complete subtrees, which may lie in a tile that
// is not full yet.
Result<const std::vector<Hash>*> StoredTree::cached(int tile_level, std::uint64_t tile_index) {
  const auto key = std::make_pair(tile_level, tile_index);
  const auto known = cache_.find(key);
  if (known != cache_.end()) return &known->second;
  KW_TRY(Frontier head, read_head(reader_));
  const std::uint64_t total = head.size() >> (kTileHeight * tile_level);
  const std::uint64_t begin = tile_index * kTileWidth;
  if (begin >= total) return audit_tampered();
  const auto width = static_cast<std::uint32_t>(std::min<std::uint64_t>(kTileWidth, total - begin));
  KW_TRY(auto found, hashes({tile_level, tile_index, width}));
  return &cache_.emplace(key, std::move(found)).first->second;
}

Result<Hash> StoredTree::node(int level, std::uint64_t index) {
  const int tile_level = level / kTileHeight;
  const int height = level % kTileHeight;
  const std::uint64_t first = index << height;
  const std::size_t count = std::size_t{1} << height;
  KW_TRY(const std::vector<Hash>* tile, cached(tile_level, first / kTileWidth));
  const std::size_t offset = first % kTileWidth;
  if (offset + count > tile->size()) return audit_tampered();
  return combine(std::span(*tile).subspan(offset, count));
}

}  // namespace kw::audit
