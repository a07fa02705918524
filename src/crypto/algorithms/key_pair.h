// Inside this room only: encoding and decoding of key pairs, the same for all asymmetric families.
#pragma once

#include <openssl/params.h>

#include "crypto/key.h"
#include "crypto/openssl.h"

namespace kw::crypto {

/// A new pair of OpenSSL's type `type` ("RSA", "EC", "ED25519", "ML-DSA-65"). `params` may be null.
/// @errors kInternal(key_generation_failed)
Result<PkeyPtr> generate_pair(const char* type, const OSSL_PARAM* params);
/// PKCS#8 DER of exactly `type`, nothing behind it; null when it is not. The private values go to
/// the secure heap.
PkeyPtr parse_private(const SecretBytes& pkcs8, const char* type);
/// SubjectPublicKeyInfo DER of exactly `type`, nothing behind it; null when it is not.
PkeyPtr parse_public(ByteView spki, const char* type);
/// PKCS#8 DER and SubjectPublicKeyInfo DER.
Material encode_pair(EVP_PKEY* pair);
Bytes encode_public(EVP_PKEY* pair);

/// True when OpenSSL knows the key type `type`.
bool key_type_available(const char* type);
/// What to report when stored private material does not load: kResourceExhausted(secure_heap_full)
/// when that is why.
Error private_load_failed();

}  // namespace kw::crypto
