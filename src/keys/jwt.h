// A JSON Web Token before its signature: header, claims and the rule that a token never outlives
// the key that verifies it. Pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

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

}  // namespace kw::keys
