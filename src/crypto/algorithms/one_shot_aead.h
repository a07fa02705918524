// Inside this room only: envelope suites of one AEAD call with a random 96-bit nonce (0x0102,
// 0x0104).
#pragma once

#include "crypto/algorithms/family.h"
#include "crypto/openssl.h"

namespace kw::crypto {

inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;

/// Ciphertext and tag, to `out` of plaintext size + 16 (checked). `aad` is the concatenation of the
/// parts.
void aead_seal(const EVP_CIPHER* cipher, ByteView key, ByteView nonce,
               std::initializer_list<ByteView> aad, ByteView plaintext,
               std::span<std::uint8_t> out);
/// @errors kInvalidArgument(decrypt_failed)
Result<WipedBytes> aead_open(const EVP_CIPHER* cipher, ByteView key, ByteView nonce,
                             std::initializer_list<ByteView> aad, ByteView sealed);

/// A key of 32 raw bytes for `cipher`; body: nonce | ciphertext | tag, associated data: header |
/// aad.
KeyPtr one_shot_key(Algorithm algorithm, Cipher cipher, const SecretBytes& secret);

}  // namespace kw::crypto
