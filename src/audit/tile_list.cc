#include "audit/tile_list.h"

#include "audit/note.h"
#include "audit/tile.h"

namespace kw::audit {

namespace {

void add_level(std::vector<std::string>& paths, int level, std::uint64_t items) {
  const std::uint64_t full = items / kTileWidth;
  const auto rest = static_cast<std::uint32_t>(items % kTileWidth);
  for (std::uint64_t index = 0; index < full; ++index)
    paths.push_back(tile_path({level, index, kTileWidth}));
  if (rest != 0) paths.push_back(tile_path({level, full, rest}));
}

}  // namespace

Result<std::vector<std::string>> tile_paths(std::string_view checkpoint_note) {
  KW_TRY(const Note note, parse_note(checkpoint_note));
  KW_TRY(const Checkpoint checkpoint, parse_checkpoint(note.text));
  std::vector<std::string> paths;
  add_level(paths, kEntriesLevel, checkpoint.size);
  std::uint64_t items = checkpoint.size;
  for (int level = 0; items > 0; ++level, items /= kTileWidth) add_level(paths, level, items);
  return paths;
}

}  // namespace kw::audit
