#include "crypto/jwk.h"

#include <openssl/core_names.h>

#include "crypto/algorithms/key_pair.h"
#include "crypto/digest.h"

namespace kw::crypto {

namespace {

Error bad_key() {
  return error(Code::kDataLoss, "bad_key", "a stored public key does not parse");
}

// base64url without padding. The codec room stands beside this one, not below it.
std::string base64url(ByteView bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 6; held -= 6) text += kAlphabet[bits >> (held - 6) & 0x3F];
  }
  if (held > 0) text += kAlphabet[bits << (6 - held) & 0x3F];
  return text;
}

/// The number called `name` in `size` bytes, or in as few as it needs for size 0.
Result<Bytes> number(const EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return bad_key();
  const BignumPtr value(raw);
  const auto needed = static_cast<std::size_t>(BN_num_bytes(value.get()));
  if (size != 0 && needed > size) return bad_key();
  Bytes bytes(size != 0 ? size : needed);
  if (BN_bn2binpad(value.get(), bytes.data(), static_cast<int>(bytes.size())) < 0) return bad_key();
  return bytes;
}

Result<PublicJwk> rsa(ByteView spki) {
  const PkeyPtr key = parse_public(spki, "RSA");
  if (!key) return bad_key();
  PublicJwk jwk;
  jwk.kty = "RSA";
  KW_TRY(jwk.n, number(key.get(), OSSL_PKEY_PARAM_RSA_N, 0));
  KW_TRY(jwk.e, number(key.get(), OSSL_PKEY_PARAM_RSA_E, 0));
  return jwk;
}

Result<PublicJwk> elliptic(ByteView spki, std::string_view curve, std::size_t size) {
  const PkeyPtr key = parse_public(spki, "EC");
  if (!key) return bad_key();
  PublicJwk jwk;
  jwk.kty = "EC";
  jwk.crv = curve;
  KW_TRY(jwk.x, number(key.get(), OSSL_PKEY_PARAM_EC_PUB_X, size));
  KW_TRY(jwk.y, number(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size));
  return jwk;
}

Result<PublicJwk> edwards(ByteView spki) {
  const PkeyPtr key = parse_public(spki, "ED25519");
  if (!key) return bad_key();
  PublicJwk jwk;
  jwk.kty = "OKP";
  jwk.crv = "Ed25519";
  jwk.x.resize(32);
  std::size_t size = jwk.x.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), jwk.x.data(), &size) != 1 || size != 32)
    return bad_key();
  return jwk;
}

}  // namespace

Result<PublicJwk> public_jwk(Algorithm algorithm, ByteView spki) {
  switch (algorithm) {
    case Algorithm::kRsa3072Oaep:
    case Algorithm::kRsa4096Oaep:
    case Algorithm::kRsa3072Pss:
    case Algorithm::kRsa4096Pss:
    case Algorithm::kRsa3072Pkcs1:
    case Algorithm::kRsa4096Pkcs1:
      return rsa(spki);
    case Algorithm::kEcdsaP256:
      return elliptic(spki, "P-256", 32);
    case Algorithm::kEcdsaP384:
      return elliptic(spki, "P-384", 48);
    case Algorithm::kEcdsaP521:
      return elliptic(spki, "P-521", 66);
    case Algorithm::kEd25519:
      return edwards(spki);
    default:
      return error(Code::kUnimplemented, "no_jwk", "keys of this algorithm have no JWK form");
  }
}

std::string_view jws_algorithm(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRsa3072Pss:
    case Algorithm::kRsa4096Pss:
      return "PS256";
    case Algorithm::kRsa3072Pkcs1:
    case Algorithm::kRsa4096Pkcs1:
      return "RS256";
    case Algorithm::kEcdsaP256:
      return "ES256";
    case Algorithm::kEcdsaP384:
      return "ES384";
    case Algorithm::kEcdsaP521:
      return "ES512";
    case Algorithm::kEd25519:
      return "EdDSA";
    case Algorithm::kHmacSha256:
      return "HS256";
    case Algorithm::kHmacSha384:
      return "HS384";
    case Algorithm::kHmacSha512:
      return "HS512";
    default:
      return {};
  }
}

std::string thumbprint_input(const PublicJwk& jwk) {
  const std::string crv(jwk.crv);
  if (jwk.kty == "RSA")
    return R"({"e":")" + base64url(jwk.e) + R"(","kty":"RSA","n":")" + base64url(jwk.n) + R"("})";
  if (jwk.kty == "EC")
    return R"({"crv":")" + crv + R"(","kty":"EC","x":")" + base64url(jwk.x) + R"(","y":")" +
           base64url(jwk.y) + R"("})";
  return R"({"crv":")" + crv + R"(","kty":"OKP","x":")" + base64url(jwk.x) + R"("})";
}

std::string thumbprint(const PublicJwk& jwk) {
  return base64url(sha256(as_bytes(thumbprint_input(jwk))));
}

}  // namespace kw::crypto
