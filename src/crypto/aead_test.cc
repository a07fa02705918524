#include "crypto/aead.h"

#include <gtest/gtest.h>

#include "base/reveal.h"
#include "crypto/hex_test_support.h"
#include "crypto/random.h"

namespace kw::crypto {
namespace {

constexpr GcmNonce kNonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

TEST(Aes256Gcm, opens_what_it_sealed_with_one_key_schedule) {
  Aes256Gcm gcm(random_secret(32));
  for (const std::size_t size : {0U, 1U, 16U, 1000U}) {
    Bytes plaintext(size, 0x5A);
    Bytes sealed(size + kGcmTagBytes);
    gcm.seal(kNonce, as_bytes("aad"), plaintext, sealed);
    Bytes opened(size);
    ASSERT_TRUE(gcm.open(kNonce, as_bytes("aad"), sealed, opened).has_value()) << size;
    EXPECT_EQ(opened, plaintext);
  }
}

TEST(Aes256Gcm, works_in_place) {
  Aes256Gcm gcm(random_secret(32));
  Bytes buffer(100 + kGcmTagBytes, 7);
  gcm.seal(kNonce, {}, ByteView(buffer).first(100), buffer);
  ASSERT_TRUE(gcm.open(kNonce, {}, buffer, std::span(buffer).first(100)).has_value());
  EXPECT_EQ(Bytes(buffer.begin(), buffer.begin() + 100), Bytes(100, 7));
}

TEST(Aes256Gcm, refuses_any_changed_bit_and_wipes_the_output) {
  Aes256Gcm gcm(random_secret(32));
  Bytes sealed(20 + kGcmTagBytes);
  gcm.seal(kNonce, as_bytes("aad"), Bytes(20, 9), sealed);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    Bytes out(20, 0xEE);
    const Status opened = gcm.open(kNonce, as_bytes("aad"), changed, out);
    ASSERT_FALSE(opened.has_value()) << bit;
    EXPECT_EQ(opened.error().reason, "decrypt_failed");
    EXPECT_EQ(out, Bytes(20, 0));
  }
  Bytes out(20);
  EXPECT_FALSE(gcm.open(kNonce, as_bytes("AAD"), sealed, out).has_value());
  EXPECT_TRUE(gcm.open(kNonce, as_bytes("aad"), sealed, out)
                  .has_value());  // and is not confused afterwards
}

TEST(Aes256Gcm, refuses_less_than_a_tag) {
  Aes256Gcm gcm(random_secret(32));
  EXPECT_FALSE(gcm.open(kNonce, {}, Bytes(15), {}).has_value());
}

TEST(Aes256GcmDeathTest, demands_a_key_of_32_bytes) {
  EXPECT_DEATH(Aes256Gcm{SecretBytes(16)}, "size");
}

TEST(KeyWrap, answers_rfc_3394_4_6) {
  const SecretBytes kek =
      secret_from_hex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
  const SecretBytes key =
      secret_from_hex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F");
  const auto wrapped = kw_wrap(kek, key);
  ASSERT_TRUE(wrapped.has_value());
  EXPECT_EQ(to_hex(wrapped.value()),
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
  const auto unwrapped = kw_unwrap(kek, wrapped.value());
  ASSERT_TRUE(unwrapped.has_value());
  EXPECT_TRUE(equal_constant_time(unwrapped.value(), key));
}

TEST(KeyWrap, unwraps_every_size_that_it_wrapped_with_padding) {
  const SecretBytes kek = random_secret(32);
  for (std::size_t size = 1; size <= 70; ++size) {
    const SecretBytes key = random_secret(size);
    const auto unwrapped = kwp_unwrap(kek, kwp_wrap(kek, key));
    ASSERT_TRUE(unwrapped.has_value()) << size;
    EXPECT_TRUE(equal_constant_time(unwrapped.value(), key)) << size;
  }
}

TEST(KeyWrap, refuses_changed_and_impossible_input) {
  const SecretBytes kek = random_secret(32);
  Bytes wrapped = kwp_wrap(kek, random_secret(32));
  wrapped[3] ^= 1;
  EXPECT_EQ(kwp_unwrap(kek, wrapped).error().reason, "unwrap_failed");
  for (const std::size_t size : {0U, 8U, 15U, 17U, 65544U}) {
    EXPECT_FALSE(kwp_unwrap(kek, Bytes(size)).has_value()) << size;
    EXPECT_FALSE(kw_unwrap(kek, Bytes(size)).has_value()) << size;
  }
  EXPECT_EQ(kw_wrap(kek, SecretBytes(8)).error().reason, "bad_size");
  EXPECT_EQ(kw_wrap(kek, SecretBytes(20)).error().reason, "bad_size");
}

}  // namespace
}  // namespace kw::crypto
