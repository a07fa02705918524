// UTF-8 as RFC 3629 defines it: shortest forms only, no surrogates, nothing above U+10FFFF. Pure
// functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace kw::codec {

/// True when all of `text` is well-formed UTF-8. U+0000 is allowed. @source RFC 3629, 4.
bool valid_utf8(std::string_view text);

/// The length, 1 to 4, of the well-formed UTF-8 character that `text` begins with; 0 when there is
/// none.
std::size_t utf8_length(std::string_view text);

}  // namespace kw::codec
