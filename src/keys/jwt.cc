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

namespace {

constexpr std::size_t kKidMax = 128;

Error bad_token(std::string_view message) {
  return error(Code::kInvalidArgument, "bad_token", message);
}

Result<codec::JsonDocument> object_of(std::string_view part, std::string& text) {
  const auto bytes = codec::from_base64url(part);
  if (!bytes) return bad_token("a part of the token is no base64url");
  text = as_text(*bytes);
  auto document = codec::JsonDocument::parse(text);
  if (!document || document->root().kind() != JsonView::Kind::kObject)
    return bad_token("header and claims are JSON objects");
  return document;
}

Status read_header(const JsonView& header, UnprovenToken& token) {
  const auto algorithm = header.text("alg");
  const auto kid = header.text("kid");
  if (!algorithm || algorithm->empty() || algorithm->size() > kTypeMax)
    return bad_token("the header has no \"alg\"");
  if (!kid || kid->empty() || kid->size() > kKidMax)
    return bad_token("the header has no \"kid\", which names the version");
  if (header.has("crit")) return bad_token("the header has extensions that must be understood");
  token.algorithm = *algorithm;
  token.kid = *kid;
  return ok();
}

Status read_time(const JsonView& claims, std::string_view name,
                 std::optional<std::int64_t>& seconds) {
  if (!claims.has(name)) return ok();
  const auto value = claims.integer(name);
  if (!value) return bad_token("times in the claims are whole numbers of seconds");
  seconds = *value;
  return ok();
}

}  // namespace

Result<UnprovenToken> parse_token(std::string_view text) {
  if (text.size() > kTokenBytesMax)
    return error(Code::kTooLarge, "token_too_large", "a token has at most 16 KiB");
  const std::size_t first = text.find('.');
  const std::size_t second = first == text.npos ? text.npos : text.find('.', first + 1);
  if (second == text.npos || text.find('.', second + 1) != text.npos)
    return bad_token("a token has three parts with dots between");
  UnprovenToken token;
  token.input = text.substr(0, second);
  std::string header;
  KW_TRY(const auto head, object_of(text.substr(0, first), header));
  KW_OK(read_header(head.root(), token));
  KW_TRY(const auto body, object_of(text.substr(first + 1, second - first - 1), token.claims));
  KW_OK(read_time(body.root(), "exp", token.expires));
  KW_OK(read_time(body.root(), "nbf", token.not_before));
  KW_OK(read_time(body.root(), "iat", token.issued));
  const auto signature = codec::from_base64url(text.substr(second + 1));
  if (!signature) return bad_token("a part of the token is no base64url");
  token.signature.assign(signature->begin(), signature->end());
  return token;
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
