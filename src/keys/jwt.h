// JSON Web Tokens: header, claims and the rule that a token never outlives the key that verifies
// it; and what a token from anywhere says before it is believed. Pure functions.
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

inline constexpr std::size_t kTokenBytesMax = 16 * 1024;

/// A token as it came, in compact form. Nothing of it is believed: not the algorithm either, which
/// is that of the version that `kid` names.
struct UnprovenToken {
  std::string_view input;  ///< borrowed from the token
  Bytes signature;         ///< in JOSE form
  std::string algorithm, kid;
  std::string claims;                                       ///< JSON text of an object
  std::optional<std::int64_t> expires, not_before, issued;  ///< seconds since 1970
};
/// @errors kTooLarge(token_too_large): before anything is parsed; kInvalidArgument(bad_token): not
///   three parts of strict base64url, header or claims are no object, an `alg` or `kid` that is no
///   text, a time that is no whole number, `crit`, which nobody here understands.
/// @source RFC 7515, 4.1.11 and 5.2; RFC 8725, 3.
Result<UnprovenToken> parse_token(std::string_view token);

}  // namespace kw::keys
