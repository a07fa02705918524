// Inside this room only: HKDF-Expand into a caller's buffer, without copies of the info parts.
#pragma once

#include <initializer_list>
#include <span>

#include "crypto/digest.h"

namespace kw::crypto {

/// HKDF-Expand. `key` must be uniformly random; `info` is the concatenation of the parts; `out` has
/// 1 to 255 times the hash length (checked). @source RFC 5869, 2.3; approved as feedback-mode KDF
/// by SP 800-108 Rev. 1.
void expand_into(Hash hash, ByteView key, std::initializer_list<ByteView> info,
                 std::span<std::uint8_t> out);

/// SHA-512 of the concatenation of `parts`.
std::array<std::uint8_t, 64> sha512(std::initializer_list<ByteView> parts);

}  // namespace kw::crypto
