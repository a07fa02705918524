// Inside this room only: the bare key encapsulation, for test vectors. @source FIPS 203.
#pragma once

#include "crypto/openssl.h"

namespace kw::crypto {

/// The shared secret of 32 bytes; for a ciphertext that was not made for this key a pseudorandom
/// one (FIPS 203, 6.3).
/// @errors kInvalidArgument(decrypt_failed): wrong size
Result<SecretBytes> ml_kem_decapsulate(EVP_PKEY* key, ByteView ciphertext);

}  // namespace kw::crypto
