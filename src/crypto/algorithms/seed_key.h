// Inside this room only: ML-DSA and ML-KEM key pairs, stored as PKCS#8 that holds the seed alone.
#pragma once

#include "crypto/algorithms/key_pair.h"

namespace kw::crypto {

/// The fixed part of a seed-only PKCS#8 key, up to the seed, and the seed's size. @source RFC 9881,
/// RFC 9935.
struct SeedFormat {
  const char* type;  ///< OpenSSL's name
  ByteView prefix;
  std::size_t seed_bytes;
};

Result<Material> generate_seed_pair(const SeedFormat& format);
/// Any PKCS#8 form that holds the seed; returned as the seed alone. @errors
/// kInvalidArgument(bad_key | weak_key)
Result<Material> check_seed_pair(const SeedFormat& format, const SecretBytes& pkcs8);

}  // namespace kw::crypto
