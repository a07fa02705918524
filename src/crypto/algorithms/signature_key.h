// Inside this room only: a loaded key pair or public key that signs and verifies.
#pragma once

#include "crypto/algorithms/family.h"
#include "crypto/openssl.h"

namespace kw::crypto {

enum class RsaPadding : std::uint8_t { kNone, kPkcs1, kPss };
enum class Half : std::uint8_t { kPrivate, kPublic };

/// How an algorithm signs: `hash` is null for schemes that hash by themselves (Ed25519, ML-DSA).
struct SignatureScheme {
  const char* hash = nullptr;
  RsaPadding padding = RsaPadding::kNone;
};

KeyPtr signature_key(Algorithm algorithm, PkeyPtr key, Half half, SignatureScheme scheme);

}  // namespace kw::crypto
