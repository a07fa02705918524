// Against the example of RFC 7515 (appendix A.3) and what this library signs.
#include "crypto/jose_signature.h"

#include <gtest/gtest.h>

#include "crypto/hex_test_support.h"
#include "crypto/key.h"

namespace kw::crypto {
namespace {

// RFC 7515, A.3.1: the public key, the signing input and r | s.
const Bytes kSpki = from_hex(
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "7fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445"
    "c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad");
constexpr std::string_view kSigningInput =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
const Bytes kRaw = from_hex(
    "0ed1215379636c483c2f7f155807d402a3b228033af97c7e17819ac3169ea665"
    "c50a07d38c3c70e5d8f12daf084a5480a66590c5f293509a8f3f7f8a83a354d5");

TEST(JoseSignature, the_token_of_rfc_7515_verifies) {
  const auto key = load_public(Algorithm::kEcdsaP256, kSpki);
  ASSERT_TRUE(key);
  const auto der = from_form(Algorithm::kEcdsaP256, SignatureForm::kJose, kRaw);
  ASSERT_TRUE(der);
  EXPECT_TRUE(*(*key)->verify(as_bytes(kSigningInput), *der));
  EXPECT_EQ(*in_form(Algorithm::kEcdsaP256, SignatureForm::kJose, *der), kRaw);
}

TEST(JoseSignature, raw_signatures_verify_and_read_back_for_every_curve) {
  for (const auto& [algorithm, size] :
       {std::pair(Algorithm::kEcdsaP256, 64u), std::pair(Algorithm::kEcdsaP384, 96u),
        std::pair(Algorithm::kEcdsaP521, 132u)}) {
    const auto made = generate(algorithm);
    ASSERT_TRUE(made);
    const auto key = load(algorithm, made->secret);
    ASSERT_TRUE(key);
    for (int i = 0; i < 50; ++i) {  // leading zeros come up
      const Bytes message(static_cast<std::size_t>(i), 0x61);
      const auto der = (*key)->sign(message);
      ASSERT_TRUE(der);
      const auto raw = in_form(algorithm, SignatureForm::kJose, *der);
      ASSERT_TRUE(raw) << raw.error().reason;
      ASSERT_EQ(raw->size(), size);
      const auto back = from_form(algorithm, SignatureForm::kJose, *raw);
      ASSERT_TRUE(back);
      EXPECT_EQ(*back, *der);
      EXPECT_TRUE(*(*key)->verify(message, *back));
    }
  }
}

TEST(JoseSignature, a_raw_signature_of_another_size_is_none) {
  EXPECT_FALSE(from_form(Algorithm::kEcdsaP256, SignatureForm::kJose, Bytes(63)));
  EXPECT_FALSE(from_form(Algorithm::kEcdsaP256, SignatureForm::kJose, Bytes(65)));
  EXPECT_FALSE(from_form(Algorithm::kEcdsaP521, SignatureForm::kJose, Bytes(128)));
  EXPECT_FALSE(from_form(Algorithm::kEcdsaP256, SignatureForm::kJose, {}));
}

TEST(JoseSignature, a_signature_of_zeros_is_refused_by_the_key_and_not_by_the_form) {
  const auto key = load_public(Algorithm::kEcdsaP256, kSpki);
  ASSERT_TRUE(key);
  const auto der = from_form(Algorithm::kEcdsaP256, SignatureForm::kJose, Bytes(64));
  ASSERT_TRUE(der);
  EXPECT_FALSE(*(*key)->verify(as_bytes(kSigningInput), *der));
}

TEST(JoseSignature, other_algorithms_have_one_form) {
  const Bytes some{1, 2, 3};
  EXPECT_EQ(*in_form(Algorithm::kEd25519, SignatureForm::kJose, some), some);
  EXPECT_EQ(*from_form(Algorithm::kRsa3072Pss, SignatureForm::kJose, some), some);
}

TEST(JoseSignature, what_is_no_der_is_told) {
  EXPECT_EQ(in_form(Algorithm::kEcdsaP256, SignatureForm::kJose, Bytes{0x30, 0x01}).error().reason,
            "bad_signature");
  EXPECT_EQ(parse_signature_form("raw").error().reason, "bad_signature_format");
  EXPECT_EQ(*parse_signature_form("jose"), SignatureForm::kJose);
}

}  // namespace
}  // namespace kw::crypto
