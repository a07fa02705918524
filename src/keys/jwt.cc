#include "keys/jwt.h"

#include <algorithm>

#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/jose_signature.h"
#include "crypto/jwk.h"

namespace kw::keys {

namespace {

using codec::JsonView;
using codec::JsonWriter;

constexpr std::size_t kTypeMax = 64;

bool is_type_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
         c == '+' || c == '-';
}

Status check_expiry(const JsonView& claims, std::chrono::seconds life, WallTime now) {
  const auto expiry = claims.integer("exp");
  const std::int64_t present = to_micros(now) / 1'000'000;
  if (expiry && *expiry > present && *expiry - present <= life.count()) return ok();
  return error(Code::kInvalidArgument, "bad_token_expiry",
               "\"exp\" is a whole number of seconds, in the future and at most " +
                   std::to_string(life.count()) +
                   " s from now: so long the key stays published (label jwt.token-life)");
}

}  // namespace

Status check_claims(std::string_view claims, std::chrono::seconds life, WallTime now) {
  KW_TRY(const auto document, codec::JsonDocument::parse(claims));
  if (document.root().kind() != JsonView::Kind::kObject)
    return error(Code::kInvalidArgument, "json_type", "\"claims\" is an object");
  return check_expiry(document.root(), life, now);
}

Status check_token_type(std::string_view type) {
  if (!type.empty() && type.size() <= kTypeMax &&
      std::all_of(type.begin(), type.end(), is_type_character))
    return ok();
  return error(Code::kInvalidArgument, "bad_token_type", "a type is [A-Za-z0-9.+-]{1,64}");
}

Result<std::string> signing_input(const TokenHeader& header, std::string_view claims) {
  const std::string_view algorithm = crypto::jws_algorithm(header.algorithm);
  if (algorithm.empty())
    return error(Code::kFailedPrecondition, "no_jws_algorithm",
                 "tokens cannot be signed by this algorithm");
  JsonWriter json;
  json.begin_object().member("alg", algorithm).member("kid", header.kid);
  json.member("typ", header.type).end_object();
  return codec::base64url(as_bytes(json.text())) + "." + codec::base64url(as_bytes(claims));
}

Result<Bytes> compact_token(crypto::Algorithm algorithm, std::string_view input,
                            ByteView signature) {
  KW_TRY(const Bytes raw, crypto::in_form(algorithm, crypto::SignatureForm::kJose, signature));
  const std::string token = std::string(input) + "." + codec::base64url(raw);
  return Bytes(token.begin(), token.end());
}

std::optional<TokenParts> split_token(crypto::Algorithm algorithm, std::string_view token) {
  const std::size_t dot = token.rfind('.');
  if (dot == token.npos) return std::nullopt;
  const auto raw = codec::from_base64url(token.substr(dot + 1));
  if (!raw) return std::nullopt;
  auto signature = crypto::from_form(algorithm, crypto::SignatureForm::kJose, *raw);
  if (!signature) return std::nullopt;
  return TokenParts{token.substr(0, dot), *std::move(signature)};
}

}  // namespace kw::keys
