// Against the examples of RFC 7517 (appendix A.1), RFC 7638 (3.1) and RFC 8037 (appendix A).
#include "crypto/jwk.h"

#include <gtest/gtest.h>

#include "crypto/hex_test_support.h"
#include "crypto/key.h"

namespace kw::crypto {
namespace {

constexpr std::string_view kRsaModulus =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
    "BJECPebWKR"
    "XjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
    "FDW2QvzqY368QQMicAt"
    "aSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
    "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPk"
    "sINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
constexpr std::string_view kEcX = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
constexpr std::string_view kEcY = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
constexpr std::string_view kEdX = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

Bytes from_base64url(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  Bytes bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    bits = bits << 6 | static_cast<std::uint32_t>(kAlphabet.find(c));
    if ((held += 6) >= 8) bytes.push_back(static_cast<std::uint8_t>(bits >> (held -= 8)));
  }
  return bytes;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& each : parts) all.insert(all.end(), each.begin(), each.end());
  return all;
}

/// One DER value.
Bytes der(std::uint8_t tag, const Bytes& content) {
  Bytes head{tag};
  if (content.size() < 128) {
    head.push_back(static_cast<std::uint8_t>(content.size()));
  } else {
    head.push_back(0x82);
    head.push_back(static_cast<std::uint8_t>(content.size() >> 8));
    head.push_back(static_cast<std::uint8_t>(content.size()));
  }
  return joined({head, content});
}

Bytes rsa_spki() {
  const Bytes n = der(0x02, joined({{0x00}, from_base64url(kRsaModulus)}));
  const Bytes e = der(0x02, {0x01, 0x00, 0x01});
  const Bytes identifier = der(0x30, from_hex("06092a864886f70d0101010500"));
  const Bytes key = der(0x30, joined({n, e}));
  return der(0x30, joined({identifier, der(0x03, joined({{0x00}, key}))}));
}

TEST(Jwk, the_rsa_key_of_rfc_7638_has_its_thumbprint) {
  const auto jwk = public_jwk(Algorithm::kRsa3072Pkcs1, rsa_spki());
  ASSERT_TRUE(jwk) << jwk.error().reason;
  EXPECT_EQ(jwk->kty, "RSA");
  EXPECT_EQ(jwk->n, from_base64url(kRsaModulus));
  EXPECT_EQ(jwk->e, from_base64url("AQAB"));
  EXPECT_EQ(thumbprint_input(*jwk),
            R"({"e":"AQAB","kty":"RSA","n":")" + std::string(kRsaModulus) + R"("})");
  EXPECT_EQ(thumbprint(*jwk), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(Jwk, the_elliptic_key_of_rfc_7517_has_its_coordinates) {
  const Bytes spki = joined({from_hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
                             from_base64url(kEcX), from_base64url(kEcY)});
  const auto jwk = public_jwk(Algorithm::kEcdsaP256, spki);
  ASSERT_TRUE(jwk) << jwk.error().reason;
  EXPECT_EQ(thumbprint_input(*jwk), R"({"crv":"P-256","kty":"EC","x":")" + std::string(kEcX) +
                                        R"(","y":")" + std::string(kEcY) + R"("})");
}

TEST(Jwk, the_edwards_key_of_rfc_8037_has_its_thumbprint) {
  const Bytes spki = joined({from_hex("302a300506032b6570032100"), from_base64url(kEdX)});
  const auto jwk = public_jwk(Algorithm::kEd25519, spki);
  ASSERT_TRUE(jwk) << jwk.error().reason;
  EXPECT_EQ(jwk->kty, "OKP");
  EXPECT_EQ(jwk->crv, "Ed25519");
  EXPECT_EQ(thumbprint(*jwk), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(Jwk, coordinates_have_the_size_of_the_field) {
  for (const auto& [algorithm, size] :
       {std::pair(Algorithm::kEcdsaP256, 32u), std::pair(Algorithm::kEcdsaP384, 48u),
        std::pair(Algorithm::kEcdsaP521, 66u)}) {
    for (int i = 0; i < 20; ++i) {
      const auto made = generate(algorithm);
      ASSERT_TRUE(made);
      const auto jwk = public_jwk(algorithm, made->public_key);
      ASSERT_TRUE(jwk);
      EXPECT_EQ(jwk->x.size(), size);
      EXPECT_EQ(jwk->y.size(), size);
      EXPECT_EQ(thumbprint(*jwk).size(), 43u);
    }
  }
}

TEST(Jwk, what_has_no_form_or_does_not_parse_is_refused) {
  EXPECT_EQ(public_jwk(Algorithm::kAes256Gcm, {}).error().reason, "no_jwk");
  EXPECT_EQ(jws_algorithm(Algorithm::kRsa3072Oaep), "");
  EXPECT_EQ(public_jwk(Algorithm::kEd25519, rsa_spki()).error().reason, "bad_key");
  Bytes cut = rsa_spki();
  cut.pop_back();
  EXPECT_EQ(public_jwk(Algorithm::kRsa3072Pss, cut).error().reason, "bad_key");
}

}  // namespace
}  // namespace kw::crypto
