// A JSON Web Token before its signature: header, claims and the rule that a token never outlives
// the key that verifies it. Pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/algorithm.h"

namespace kw::keys {

/// @param claims  JSON text
/// @param life  how long a token may live at most, from now
/// @errors kInvalidArgument(json_type: no object | bad_token_expiry: `exp` is not a whole number of
///   seconds later than now and within `life`), and as JsonDocument::parse
/// @source RFC 7519, 4.1.4.
Status check_claims(std::string_view claims, std::chrono::seconds life, WallTime now);

/// The header that binds a token to one version. `type` is [A-Za-z0-9.+-]{1,64}.
struct TokenHeader {
  crypto::Algorithm algorithm{};
  std::string_view kid;
  std::string_view type = "JWT";
};
/// @errors kInvalidArgument(bad_token_type)
Status check_token_type(std::string_view type);
/// BASE64URL(header) "." BASE64URL(claims).
/// @errors kFailedPrecondition(no_jws_algorithm): tokens cannot be signed by this algorithm.
/// @source RFC 7515, 5.1.
Result<std::string> signing_input(const TokenHeader& header, std::string_view claims);

/// `input` "." BASE64URL(signature), the signature from its DER form. @source RFC 7515, 7.1.
Result<Bytes> compact_token(crypto::Algorithm algorithm, std::string_view input,
                            ByteView signature);
struct TokenParts {
  std::string_view input;  ///< borrowed from the token
  Bytes signature;         ///< as Key::verify takes it
};
/// Of a token that we made; nothing when it has not that form.
std::optional<TokenParts> split_token(crypto::Algorithm algorithm, std::string_view token);

}  // namespace kw::keys
