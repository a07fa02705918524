#include "crypto/digest.h"

#include <gtest/gtest.h>

#include "base/reveal.h"
#include "crypto/hex_test_support.h"
#include "crypto/kdf.h"

namespace kw::crypto {
namespace {

TEST(Digest, answers_the_examples_of_fips_180) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(digest(Hash::kSha384, as_bytes("abc"))),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baec"
            "a134c825a7");
  EXPECT_EQ(to_hex(digest(Hash::kSha512, {})),
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
            "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
}

TEST(Digest, hashes_parts_as_their_concatenation) {
  EXPECT_EQ(sha256({as_bytes("a"), {}, as_bytes("bc")}), sha256(as_bytes("abc")));
  const auto joined = sha512({as_bytes("a"), as_bytes("bc")});
  EXPECT_EQ(to_hex(joined), to_hex(digest(Hash::kSha512, as_bytes("abc"))));
}

TEST(Digest, accepts_an_empty_hmac_key_and_message) {
  EXPECT_EQ(to_hex(hmac_sha256(SecretBytes(), {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  EXPECT_EQ(to_hex(hmac(Hash::kSha256, SecretBytes(), {})), to_hex(hmac_sha256(SecretBytes(), {})));
}

// RFC 4231, test cases 1 and 7.
TEST(Digest, authenticates_many_messages_under_a_key_that_is_set_up_once) {
  HmacSha256 hmac(secret_from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(to_hex(hmac.of(as_bytes("Hi There"))),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    static_cast<void>(hmac.of({}));
  }
  const SecretBytes longer = SecretBytes::copy_of(Bytes(131, 0xaa));
  hmac = HmacSha256(longer);
  const std::string_view text =
      "This is a test using a larger than block-size key and a larger than block-size data. The "
      "key needs to be hashed before being used by the HMAC algorithm.";
  EXPECT_EQ(to_hex(hmac.of(as_bytes(text))),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
  EXPECT_EQ(hmac.of({}), hmac_sha256(longer, {}));
}

TEST(Digest, derives_as_in_rfc_5869_case_1) {
  const SecretBytes input = secret_from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
  const SecretBytes out = hkdf(Hash::kSha256, input, from_hex("000102030405060708090a0b0c"),
                               from_hex("f0f1f2f3f4f5f6f7f8f9"), 42);
  EXPECT_EQ(to_hex(out.reveal(Reveal{})),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(Digest, expands_what_was_extracted) {
  const SecretBytes extracted =
      secret_from_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  const SecretBytes out =
      hkdf_expand(Hash::kSha256, extracted, from_hex("f0f1f2f3f4f5f6f7f8f9"), 42);
  EXPECT_EQ(to_hex(out.reveal(Reveal{})),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(DigestDeathTest, refuses_more_than_255_blocks) {
  const SecretBytes key(32);
  EXPECT_EQ(hkdf_expand(Hash::kSha256, key, {}, 255 * 32).size(), 255U * 32);
  EXPECT_DEATH(static_cast<void>(hkdf_expand(Hash::kSha256, key, {}, 255 * 32 + 1)), "255");
}

}  // namespace
}  // namespace kw::crypto
