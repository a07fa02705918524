// Inside this room only: RSA-OAEP with SHA-256 and MGF1-SHA-256. @source RFC 8017, 7.1.
#pragma once

#include "crypto/algorithms/signature_key.h"

namespace kw::crypto {

/// @errors kTooLarge(plaintext_too_large)
Result<Bytes> oaep_seal(EVP_PKEY* key, ByteView label, ByteView plaintext);
/// @errors kInvalidArgument(decrypt_failed)
Result<SecretBytes> oaep_open(EVP_PKEY* key, ByteView label, ByteView ciphertext);

KeyPtr oaep_key(Algorithm algorithm, PkeyPtr key, Half half);

}  // namespace kw::crypto
