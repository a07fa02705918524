// Inside this room only: what an RSA modulus of unknown origin must not be.
#pragma once

#include <openssl/bn.h>

namespace kw::crypto {

/// True when a prime below 10,000 divides `n`.
bool has_small_factor(const BIGNUM* n);
/// True when the two factors are so close that 100 rounds of Fermat's method find them.
bool falls_to_fermat(const BIGNUM* n);
/// True when `n` has the form of keys made by Infineon's library of 2012 to 2017. @source
/// CVE-2017-15361 (ROCA).
bool has_roca_fingerprint(const BIGNUM* n);

}  // namespace kw::crypto
