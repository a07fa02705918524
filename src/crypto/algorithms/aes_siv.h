// Inside this room only: AES-256-SIV with any list of associated components. @source RFC 5297.
#pragma once

#include <initializer_list>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::crypto {

inline constexpr std::size_t kSivTagBytes = 16;

/// V | ciphertext. `key` has 64 bytes (checked).
Bytes siv_seal(ByteView key, std::initializer_list<ByteView> components, ByteView plaintext);
/// @errors kInvalidArgument(decrypt_failed)
Result<WipedBytes> siv_open(ByteView key, std::initializer_list<ByteView> components,
                            ByteView sealed);

}  // namespace kw::crypto
