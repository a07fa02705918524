#include "audit/tile.h"

#include <array>
#include <charconv>

#include "base/check.h"

namespace kw::audit {

namespace {

constexpr std::string_view kPrefix = "tile/";
constexpr std::string_view kEntries = "entries";
constexpr int kLevelMax = 7;  // 256^8 hashes are more than any size has

Error bad_path() {
  return error(Code::kInvalidArgument, "bad_tile_path",
               "a tile is tile/<level>/<index>[.p/<width>] or tile/entries/<index>[.p/<width>]");
}

// tlog-tiles: "zero-padded 3-digit path elements. All but the last path element MUST begin with an
// x."
std::string index_path(std::uint64_t index) {
  std::string path;
  for (bool last = true; last || index != 0; last = false, index /= 1000) {
    const std::string digits = std::to_string(1000 + index % 1000).substr(1);
    path.insert(0, last ? digits : "x" + digits + "/");
  }
  return path;
}

// Plain decimal digits without sign or leading zero.
bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && failure == std::errc() && end == text.data() + text.size() &&
         (text.size() == 1 || text[0] != '0');
}

bool read_index(std::string_view text, std::uint64_t& index) {
  index = 0;
  while (true) {
    const bool more = !text.empty() && text[0] == 'x';
    if (more) text.remove_prefix(1);
    if (text.size() < 3 || index > UINT64_MAX / 2000) return false;
    for (const char c : text.substr(0, 3)) {
      if (c < '0' || c > '9') return false;
      index = index * 10 + static_cast<std::uint64_t>(c - '0');
    }
    text.remove_prefix(3);
    if (!more) return text.empty();
    if (text.empty() || text[0] != '/') return false;
    text.remove_prefix(1);
  }
}

}  // namespace

std::string tile_path(const TileName& name) {
  std::string path(kPrefix);
  path += name.level == kEntriesLevel ? std::string(kEntries) : std::to_string(name.level);
  path += "/" + index_path(name.index);
  if (name.width < kTileWidth) path += ".p/" + std::to_string(name.width);
  return path;
}

Result<TileName> parse_tile_path(std::string_view path) {
  const std::string_view whole = path;
  if (path.size() > 64 || path.substr(0, kPrefix.size()) != kPrefix) return bad_path();
  path.remove_prefix(kPrefix.size());
  const auto slash = path.find('/');
  if (slash == path.npos) return bad_path();
  TileName name;
  std::uint64_t number = 0;
  if (path.substr(0, slash) == kEntries)
    name.level = kEntriesLevel;
  else if (read_number(path.substr(0, slash), number) && number <= kLevelMax)
    name.level = static_cast<int>(number);
  else
    return bad_path();
  path.remove_prefix(slash + 1);
  const auto partial = path.find(".p/");
  if (partial != path.npos) {
    if (!read_number(path.substr(partial + 3), number) || number == 0 || number >= kTileWidth)
      return bad_path();
    name.width = static_cast<std::uint32_t>(number);
  }
  // One name per tile: the comparison refuses superfluous groups such as x000/001.
  if (!read_index(path.substr(0, partial), name.index) || tile_path(name) != whole)
    return bad_path();
  return name;
}

void append_entry(Bytes& bundle, std::string_view entry) {
  KW_CHECK(entry.size() <= kEntryBytesMax);
  bundle.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
  bundle.push_back(static_cast<std::uint8_t>(entry.size()));
  bundle.insert(bundle.end(), entry.begin(), entry.end());
}

Result<std::string_view> EntryReader::next() {
  if (rest_.size() < 2 || rest_.size() - 2 < std::size_t(rest_[0] << 8 | rest_[1]))
    return error(Code::kInvalidArgument, "truncated", "the bytes end inside an entry");
  const std::size_t length = std::size_t(rest_[0] << 8 | rest_[1]);
  const std::string_view entry = as_text(rest_.subspan(2, length));
  rest_ = rest_.subspan(2 + length);
  return entry;
}

}  // namespace kw::audit
