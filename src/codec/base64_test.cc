#include "codec/base64.h"

#include <gtest/gtest.h>

#include <random>

#include "base/secret_arena.h"

namespace kw::codec {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Bit by bit, as RFC 4648, 4 describes it.
std::string encode_by_definition(ByteView bytes, std::string_view alphabet) {
  std::string text;
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 6) {
    unsigned value = 0;
    for (std::size_t i = bit; i < bit + 6; ++i) {
      const unsigned byte = i / 8 < bytes.size() ? bytes[i / 8] : 0;
      value = value << 1 | (byte >> (7 - i % 8) & 1);
    }
    text += alphabet[value];
  }
  return text;
}

Bytes random_bytes(std::mt19937& random, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// RFC 4648, 10.
TEST(Base64, writes_and_reads_the_vectors_of_the_standard) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(base64(as_bytes(plain)), text);
    EXPECT_EQ(as_text(from_base64(text).value()), plain);
  }
}

TEST(Base64, agrees_with_the_definition_for_every_length) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (std::size_t size = 0; size < 200; ++size) {
    const Bytes bytes = random_bytes(random, size);
    const std::string url = encode_by_definition(bytes, kUrl);
    std::string standard = encode_by_definition(bytes, kStandard);
    standard.append((4 - standard.size() % 4) % 4, '=');
    ASSERT_EQ(base64(bytes), standard);
    ASSERT_EQ(base64url(bytes), url);
    ASSERT_EQ(std::string_view(wiped_base64(bytes)), standard);
    ASSERT_EQ(std::string_view(wiped_base64url(bytes)), url);
    ASSERT_EQ(base64_size(size), standard.size());
    ASSERT_EQ(from_base64(standard).value(), bytes);
    ASSERT_EQ(from_base64url(url).value(), bytes);
    ASSERT_TRUE(same_bytes(wiped_from_base64(standard).value(), bytes));
    ASSERT_TRUE(same_bytes(secret_from_base64(standard).value().reveal(Reveal{}), bytes));
    ASSERT_TRUE(same_bytes(secret_from_base64url(url).value().reveal(Reveal{}), bytes));
  }
}

TEST(Base64, knows_every_character_at_every_place) {
  for (std::size_t size : {4u, 8u, 12u, 20u}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(size, 'A');
        text[at] = static_cast<char>(c);
        const bool padding = c == '=' && at == size - 1;
        const bool standard = kStandard.find(static_cast<char>(c)) != std::string_view::npos;
        const bool url = kUrl.find(static_cast<char>(c)) != std::string_view::npos;
        ASSERT_EQ(from_base64(text).has_value(), standard || padding) << size << at << " " << c;
        ASSERT_EQ(from_base64url(text).has_value(), url) << size << at << " " << c;
      }
    }
  }
}

TEST(Base64, refuses_wrong_padding_length_and_white_space) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "=",
                           "==", "===", "====", "A===", "Z=g=", "Zm9v=", "Zm9v====", "Zm9vYg==Zm9v",
                           "Zm9v\n", " Zm9v", "Zm 9v", "Zm9vYmF", "A"}) {
    const auto bytes = from_base64(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error().code, Code::kInvalidArgument);
    EXPECT_EQ(bytes.error().reason, "bad_base64");
    EXPECT_FALSE(wiped_from_base64(text)) << text;
    EXPECT_FALSE(secret_from_base64(text)) << text;
  }
  for (const char* text : {"Zg==", "Zm8=", "A", "AAAAA", "Zm9v\n", "Zm+v", "Zm/v"}) {
    EXPECT_FALSE(from_base64url(text)) << text;
    EXPECT_FALSE(secret_from_base64url(text)) << text;
  }
}

// RFC 4648, 3.5: "decoders MAY chose to reject an encoding if the pad bits have not been set to
// zero."
TEST(Base64, refuses_trailing_bits_that_are_not_zero) {
  for (const char* text : {"Zh==", "Zm9=", "AB==", "AAB=", "AAAAAB==", "AAAAAAB="})
    EXPECT_FALSE(from_base64(text)) << text;
  for (const char* text : {"Zh", "Zm9", "AAAAAB", "AAAAAAB"})
    EXPECT_FALSE(from_base64url(text)) << text;
}

TEST(Base64, puts_secrets_into_the_arena) {
  const auto secret = secret_from_base64("c2VjcmV0").value();
  EXPECT_TRUE(SecretArena::holds(secret.reveal(Reveal{}).data()));
}

TEST(Base64DeathTest, aborts_when_the_room_for_the_text_has_the_wrong_size) {
  char room[3];
  EXPECT_DEATH(write_base64(as_bytes("f"), room), "contract broken");
}

}  // namespace
}  // namespace kw::codec
