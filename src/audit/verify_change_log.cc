#include <algorithm>

#include "audit/files.h"
#include "audit/tile.h"
#include "audit/verify_log.h"
#include "codec/base64.h"

namespace kw::audit {

namespace {

constexpr int kTileHeight = 8;

class ChangeLogCheck {
 public:
  ChangeLogCheck(std::string directory, const Claims& claims, LogReport& report)
      : directory_(std::move(directory)),
        size_(claims.size()),
        report_(report),
        tree_(claims.list(), report) {}

  Status run() {
    bool whole = true;
    for (std::uint64_t index = 0; whole && index * kTileWidth < size_; ++index) {
      KW_TRY(whole, bundle(index));
    }
    if (whole) tree_.finish();
    return ok();
  }
  std::vector<Anchor> take_anchors() { return std::move(anchors_); }

 private:
  TileName name(int level, std::uint64_t index) const;
  Result<bool> bundle(std::uint64_t index);
  bool entry(const TileName& bundle, std::string_view text, ByteView stored_hash);
  /// False, and told, when a stored inner hash differs.
  Result<bool> check_inner();
  Result<const Bytes*> inner_tile(int level, std::uint64_t index);
  void keep_anchor(const Leaf& leaf);

  struct Inner {
    int level = 0;  // in tiles
    std::uint64_t index = 0;
    Hash hash{};
  };

  std::string directory_;
  std::uint64_t size_;
  LogReport& report_;
  TreeCheck tree_;
  Lifecycles lifecycles_;
  std::vector<Anchor> anchors_;
  std::vector<Inner> completed_;
  std::map<int, std::pair<std::uint64_t, Bytes>> inner_tiles_;  // by level: the one in use
};

// The tile as the tree of size_ has it: the last one of a level may be partial.
TileName ChangeLogCheck::name(int level, std::uint64_t index) const {
  const std::uint64_t hashes = size_ >> (level <= 0 ? 0 : kTileHeight * level);
  const std::uint64_t rest = hashes - std::min(hashes, index * kTileWidth);
  return {level, index, static_cast<std::uint32_t>(std::min<std::uint64_t>(rest, kTileWidth))};
}

Result<bool> ChangeLogCheck::bundle(std::uint64_t index) {
  const TileName entries = name(kEntriesLevel, index), hashes = name(0, index);
  KW_TRY(const Bytes bytes,
         read_if_present(directory_ + "/" + tile_path(entries), kBundleBytesMax));
  KW_TRY(const Bytes stored,
         read_if_present(directory_ + "/" + tile_path(hashes), kBundleBytesMax));
  if (stored.size() != entries.width * sizeof(Hash)) {
    tell_record(report_, "truncated", tree_.size(), tile_path(hashes));
    return false;
  }
  EntryReader reader(bytes);
  for (std::uint32_t i = 0; i < entries.width; ++i) {
    const auto text = reader.next();
    if (!text) {
      tell_record(report_, "truncated", tree_.size(),
                  tile_path(entries) + " entry " + std::to_string(i));
      return false;
    }
    if (!entry(entries, *text, ByteView(stored).subspan(i * sizeof(Hash), sizeof(Hash))))
      return false;
  }
  if (!reader.done()) {
    tell_record(report_, "sequence", tree_.size(),
                tile_path(entries) + " is longer than its entries");
    return false;
  }
  return check_inner();
}

bool ChangeLogCheck::entry(const TileName& bundle, std::string_view text, ByteView stored_hash) {
  const std::uint64_t index = tree_.size();
  const auto place = [&] {
    return tile_path(bundle) + " entry " + std::to_string(index % kTileWidth);
  };
  const Hash hash = leaf_hash(as_bytes(text));
  if (!same_bytes(hash, stored_hash)) {
    tell_record(report_, "hash_differs", index, place());
    return false;
  }
  const auto leaf = parse_leaf(text);
  if (!leaf) tell_record(report_, "not_canonical", index, place());
  if (leaf && !lifecycles_.follow(*leaf))
    tell_record(report_, "illegal_transition", index, place());
  if (leaf) keep_anchor(*leaf);
  return tree_.add(hash, leaf ? leaf->time : "", false,
                   [&](int level, std::uint64_t inner, const Hash& inner_hash) {
                     if (level % kTileHeight == 0)
                       completed_.push_back({level / kTileHeight, inner, inner_hash});
                   });
}

void ChangeLogCheck::keep_anchor(const Leaf& leaf) {
  if (leaf.action != "audit.anchor" || leaf.count < 0) return;
  const auto root = codec::from_base64(leaf.object);
  if (!root || root->size() != sizeof(Hash)) return;
  Anchor anchor{std::string(leaf.note), {static_cast<std::uint64_t>(leaf.count), {}}};
  std::copy(root->begin(), root->end(), anchor.claim.root.begin());
  anchors_.push_back(std::move(anchor));
}

Result<bool> ChangeLogCheck::check_inner() {
  for (const Inner& inner : completed_) {
    KW_TRY(const Bytes* tile, inner_tile(inner.level, inner.index / kTileWidth));
    const std::size_t offset = inner.index % kTileWidth * sizeof(Hash);
    const std::string path = tile_path(name(inner.level, inner.index / kTileWidth));
    const std::uint64_t first = inner.index << (kTileHeight * inner.level);
    if (tile->size() != name(inner.level, inner.index / kTileWidth).width * sizeof(Hash)) {
      tell_record(report_, "truncated", first, path);
      return false;
    }
    if (!same_bytes(ByteView(*tile).subspan(offset, sizeof(Hash)), inner.hash)) {
      tell_record(report_, "hash_differs", first,
                  path + " entry " + std::to_string(inner.index % kTileWidth));
      return false;
    }
  }
  completed_.clear();
  return true;
}

Result<const Bytes*> ChangeLogCheck::inner_tile(int level, std::uint64_t index) {
  auto& [held, bytes] = inner_tiles_[level];
  if (bytes.empty() || held != index) {
    KW_TRY(bytes,
           read_if_present(directory_ + "/" + tile_path(name(level, index)), kBundleBytesMax));
    held = index;
  }
  return &bytes;
}

}  // namespace

Result<std::vector<Anchor>> verify_change_log(const std::string& directory,
                                              const std::optional<VerifierKey>& key,
                                              LogReport& report) {
  Claims claims;
  KW_TRY(const Bytes notes, read_if_present(directory + "/checkpoints", kNotesFileBytesMax));
  KW_TRY(const Bytes newest, read_if_present(directory + "/checkpoint", kNoteBytesMax));
  claims.add_notes(as_text(notes), key, report);
  const auto note = parse_note(as_text(newest));
  const auto checkpoint = note ? parse_checkpoint(note->text) : Result<Checkpoint>(note.error());
  if (!checkpoint || !key || checkpoint->origin != key->name || !is_signed_by(*note, *key))
    tell(report, "bad_signature", "checkpoint");
  else if (checkpoint->size < claims.size())
    tell(report, "fork", "checkpoint");
  else
    claims.add({checkpoint->size, checkpoint->root}, "checkpoint", report);
  ChangeLogCheck check(directory, claims, report);
  KW_OK(check.run());
  if (claims.list().empty()) tell(report, "unproven", "checkpoint");
  return check.take_anchors();
}

}  // namespace kw::audit
