// C2SP tlog-tiles: names of tiles and the form of entry bundles. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace kw::audit {

inline constexpr std::uint32_t kTileWidth = 256;
inline constexpr int kEntriesLevel = -1;
inline constexpr std::size_t kEntryBytesMax = 65535;
inline constexpr std::size_t kBundleBytesMax = kTileWidth * (2 + kEntryBytesMax);

/// One tile: `width` hashes of the subtrees of 256^level leaves, or `width` entries.
struct TileName {
  int level = 0;  ///< kEntriesLevel for an entry bundle; else 0 to 7
  std::uint64_t index = 0;
  std::uint32_t width = kTileWidth;  ///< 1 to 256; less than 256 is a partial tile

  bool operator==(const TileName&) const = default;
};

/// "tile/0/x001/x234/067", "tile/entries/000.p/17".
std::string tile_path(const TileName& name);
/// @errors kInvalidArgument(bad_tile_path): anything that tile_path does not write.
Result<TileName> parse_tile_path(std::string_view path);

/// Appends u16 length | entry. `entry` has at most kEntryBytesMax bytes (checked).
void append_entry(Bytes& bundle, std::string_view entry);

/// Walks an entry bundle, or an access-log segment, which has the same form.
class EntryReader {
 public:
  explicit EntryReader(ByteView bytes) : rest_(bytes) {}
  /// The next entry, borrowed. @errors kInvalidArgument(truncated): the bytes end inside an entry.
  Result<std::string_view> next();
  bool done() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

 private:
  ByteView rest_;
};

}  // namespace kw::audit
