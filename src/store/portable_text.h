// Texts that every engine stores alike.
#pragma once

#include <string_view>

namespace kw::store {

/// True for UTF-8 (RFC 3629, no surrogates, shortest forms) without NUL.
bool is_portable_text(std::string_view text);

}  // namespace kw::store
