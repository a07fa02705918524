// Inside this room only: C2SP chunked encryption, instance Cobblestone-256 (SHA-512, AES-256-GCM).
//
// Sealed form: salt 24 | commitment 32 | chunks of 16384 + 16 bytes | one chunk shorter than that,
// perhaps 0 + 16. key 32 | base nonce 12 | commitment 32 = HKDF-Expand-SHA-512(input key, label |
// AEAD name | 00 | salt | context).
// @source c2sp.org/chunked-encryption@v1
#pragma once

#include <initializer_list>
#include <span>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::crypto {

inline constexpr std::size_t kChunkBytes = 16 * 1024;
inline constexpr std::size_t kChunkedSaltBytes = 24;
inline constexpr std::size_t kChunkedCommitmentBytes = 32;

/// Bytes that sealing `plaintext_size` bytes gives.
std::size_t chunked_size(std::size_t plaintext_size);
/// Seals under a fresh random salt. `key` has 32 uniformly random bytes; `out` has chunked_size()
/// bytes (both checked).
void chunked_seal(ByteView key, std::initializer_list<ByteView> context, ByteView plaintext,
                  std::span<std::uint8_t> out);
/// @errors kInvalidArgument(decrypt_failed)
Result<WipedBytes> chunked_open(ByteView key, std::initializer_list<ByteView> context,
                                ByteView sealed);

}  // namespace kw::crypto
