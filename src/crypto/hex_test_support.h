// Tests only: hexadecimal text to bytes and back.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/secret_bytes.h"

namespace kw::crypto {

/// Aborts on anything but pairs of hexadecimal digits.
Bytes from_hex(std::string_view text);
SecretBytes secret_from_hex(std::string_view text);
std::string to_hex(ByteView bytes);

}  // namespace kw::crypto
