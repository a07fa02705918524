// Text that is safe on a line of its own: for log records and metric labels.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kw::observe {

/// A character at the start of a text.
struct Character {
  char32_t point;      ///< U+FFFD when the text does not begin with valid UTF-8
  std::size_t length;  ///< in bytes, at least 1
};

/// The first character of `text`, which must not be empty. @source RFC 3629, 4.
Character first_character(std::string_view text);

/// Appends `text` as a JSON string. Everything that could end a line, move a cursor or turn the
/// reading order round is escaped; invalid UTF-8 becomes U+FFFD; a text of more than 8 KiB is cut
/// and ends in U+2026.
void append_json_string(std::string& out, std::string_view text);

/// Appends `text` as a Prometheus label value, without its quotes.
void append_label_value(std::string& out, std::string_view text);

}  // namespace kw::observe
