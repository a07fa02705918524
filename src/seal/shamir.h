// Shamir's secret sharing over GF(2^8), without lookup tables, x never 0 (docs/threat_model.md
// V32). Pure functions, thread-safe; the caller owns what they return.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::seal {

/// One point of the polynomials that hide a secret, one polynomial per byte.
struct Share {
  std::uint8_t index = 0;  ///< x coordinate, 1 to 255
  SecretBytes value;       ///< as long as the secret
};

/// Splits `secret` so that any `threshold` of the shares make it again and fewer tell nothing about
/// it.
///
/// @param secret  at least 1 byte. @param shares  1 to 255; they get the indexes 1, 2, 3 …
/// @param threshold  1 to shares. @errors kInvalidArgument(bad_threshold)
/// @source A. Shamir, How to share a secret, CACM 22(11), 1979.
Result<std::vector<Share>> split(const SecretBytes& secret, int shares, int threshold);
/// Makes a secret of shares. Needs exactly the threshold's number of shares, distinct and of equal
/// size. Any set combines to something: the caller checks what came out.
/// @errors kInvalidArgument(bad_share)
Result<SecretBytes> combine(const std::vector<Share>& shares);

}  // namespace kw::seal
