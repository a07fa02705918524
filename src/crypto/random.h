// Random bytes from OpenSSL's CTR-DRBGs (SP 800-90A): one for public values, one for private ones.
#pragma once

#include <span>

#include "base/id.h"
#include "base/secret_bytes.h"

namespace kw::crypto {

/// Fills `out` with public random bytes (nonces, salts, ids). Aborts when the generator fails.
/// Thread-safe. Small requests are served from a per-thread block that is wiped as it is used and
/// discarded after fork.
void random_public(std::span<std::uint8_t> out);
/// `size` random bytes for keys, tokens and shares, from the private generator.
SecretBytes random_secret(std::size_t size);

template <typename IdType>
IdType random_id() {
  std::array<std::uint8_t, 16> bytes{};
  random_public(bytes);
  return IdType(bytes);
}

}  // namespace kw::crypto
