#include "crypto/signing.h"

#include <gtest/gtest.h>

#include "crypto/hex_test_support.h"

namespace kw::crypto {
namespace {

TEST(Signing, answers_rfc_8032_test_2) {
  const SigningKey key =
      SigningKey::from_seed(
          secret_from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
          .value();
  EXPECT_EQ(to_hex(key.public_key()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(to_hex(key.sign(from_hex("72"))),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Signing, verifies_what_was_signed_and_nothing_else) {
  const SigningKey key = SigningKey::from_seed(secret_from_hex(std::string(64, '7'))).value();
  const auto signature = key.sign(as_bytes("note"));
  EXPECT_TRUE(ed25519_verify(key.public_key(), as_bytes("note"), signature));
  EXPECT_FALSE(ed25519_verify(key.public_key(), as_bytes("Note"), signature));
  EXPECT_FALSE(ed25519_verify(key.public_key(), as_bytes("note"), ByteView(signature).first(63)));
  EXPECT_FALSE(ed25519_verify(ByteView(key.public_key()).first(31), as_bytes("note"), signature));
  EXPECT_TRUE(ed25519_verify(key.public_key(), {}, key.sign({})));
}

TEST(Signing, refuses_seeds_of_other_sizes) {
  EXPECT_EQ(SigningKey::from_seed(SecretBytes(31)).error().reason, "bad_key");
  EXPECT_EQ(SigningKey::from_seed(SecretBytes(0)).error().reason, "bad_key");
}

}  // namespace
}  // namespace kw::crypto
