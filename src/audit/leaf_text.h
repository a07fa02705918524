// Text as it may stand in a leaf or in an index column.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace kw::audit {

/// The ASCII characters that a JSON string holds as they are.
inline constexpr std::array<bool, 256> kPlainText = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

/// Appends `text` as a canonical JSON string, quotes included, of at most `bytes_max` source bytes.
/// @source RFC 8785, 3.2.2.2.
void append_json_string(std::string& out, std::string_view text, std::size_t bytes_max);

/// `text` as an index column holds it: cut as in a leaf, with U+FFFD for malformed UTF-8 and for
/// control characters.
std::string column_text(std::string_view text);

}  // namespace kw::audit
