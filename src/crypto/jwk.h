// The public half of a key pair as a JSON Web Key, and its thumbprint. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/algorithm.h"

namespace kw::crypto {

/// The members that define a public key. @source RFC 7518, 6.2 and 6.3; RFC 8037, 2.
struct PublicJwk {
  std::string_view kty;  ///< "RSA", "EC" or "OKP"
  std::string_view crv;  ///< EC and OKP
  Bytes n, e;            ///< RSA: big-endian without leading zeros
  Bytes x, y;            ///< EC: of the full size of the field; OKP: x alone
};

/// @param subject_public_key_info  DER.
/// @errors kUnimplemented(no_jwk): the algorithm has no JWK form. kDataLoss(bad_key)
Result<PublicJwk> public_jwk(Algorithm algorithm, ByteView subject_public_key_info);
/// The `alg` of a signature or MAC algorithm ("RS256", "PS256", "ES256", "EdDSA", "HS256" …); ""
/// when it has none.
/// @source RFC 7518, 3.1; RFC 8037, 3.1.
std::string_view jws_algorithm(Algorithm algorithm);
/// The required members in lexical order, without white space. @source RFC 7638, 3.2; RFC 8037, 2.
std::string thumbprint_input(const PublicJwk& jwk);
/// base64url(SHA-256(thumbprint_input)). @source RFC 7638, 3.
std::string thumbprint(const PublicJwk& jwk);

}  // namespace kw::crypto
