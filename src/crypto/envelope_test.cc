#include "crypto/envelope.h"

#include <gtest/gtest.h>

#include "crypto/hex_test_support.h"
#include "crypto/random.h"

namespace kw::crypto {
namespace {

EnvelopeHeader some_header() {
  EnvelopeHeader header;
  header.suite = 0x0101;
  header.key = KeyId::parse("000102030405060708090a0b0c0d0e0f").value();
  header.version = 7;
  return header;
}

Bytes some_envelope(std::size_t body = 16) {
  Bytes bytes = encode_header(some_header());
  bytes.resize(bytes.size() + body, 0xBB);
  return bytes;
}

Bytes with_extensions(const Bytes& extensions) {
  Bytes bytes = encode_header(some_header());
  bytes[26] = static_cast<std::uint8_t>(extensions.size() >> 8);
  bytes[27] = static_cast<std::uint8_t>(extensions.size());
  bytes.insert(bytes.end(), extensions.begin(), extensions.end());
  bytes.resize(bytes.size() + 16, 0xBB);
  return bytes;
}

TEST(Envelope, has_the_documented_layout) {
  EXPECT_EQ(to_hex(encode_header(some_header())),
            "c7010101000102030405060708090a0b0c0d0e0f0000000700000000");
}

TEST(Envelope, parses_what_was_encoded) {
  const Bytes bytes = some_envelope(20);
  const auto envelope = parse_envelope(bytes);
  ASSERT_TRUE(envelope.has_value());
  EXPECT_EQ(envelope->header.suite, 0x0101);
  EXPECT_EQ(envelope->header.key, some_header().key);
  EXPECT_EQ(envelope->header.version, 7U);
  EXPECT_EQ(envelope->header_bytes.size(), kEnvelopeHeaderBytes);
  EXPECT_EQ(envelope->body.size(), 20U);
}

TEST(Envelope, refuses_every_truncation) {
  const Bytes bytes = with_extensions(from_hex("00010002aabb"));
  ASSERT_TRUE(parse_envelope(bytes).has_value());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse_envelope(ByteView(bytes).first(size)).has_value()) << size;
}

TEST(Envelope, refuses_foreign_magic_format_suite_version_and_flags) {
  for (const std::size_t at : {0U, 1U, 24U, 25U}) {
    Bytes bytes = some_envelope();
    bytes[at] ^= 0x10;
    EXPECT_EQ(parse_envelope(bytes).error().reason, "bad_envelope") << at;
  }
  Bytes no_version = some_envelope();
  no_version[23] = 0;
  EXPECT_FALSE(parse_envelope(no_version).has_value());
  Bytes no_suite = some_envelope();
  no_suite[2] = no_suite[3] = 0;
  EXPECT_FALSE(parse_envelope(no_suite).has_value());
}

TEST(Envelope, keeps_unknown_extensions_and_refuses_critical_or_broken_ones) {
  const Bytes harmless =
      with_extensions(from_hex("00010002aabb"
                               "00020000"));
  const auto envelope = parse_envelope(harmless);
  ASSERT_TRUE(envelope.has_value());
  EXPECT_EQ(envelope->header_bytes.size(), kEnvelopeHeaderBytes + 10);
  EXPECT_FALSE(parse_envelope(with_extensions(from_hex("80010002aabb"))).has_value());
  EXPECT_FALSE(parse_envelope(with_extensions(from_hex("00010003aabb"))).has_value());
  EXPECT_FALSE(parse_envelope(with_extensions(from_hex("000100"))).has_value());
}

TEST(Envelope, text_form_survives_a_round_trip_of_every_length) {
  for (std::size_t body = 16; body < 40; ++body) {
    Bytes bytes = some_envelope(body);
    random_public(std::span(bytes).subspan(kEnvelopeHeaderBytes));
    const std::string text = envelope_text(bytes);
    EXPECT_TRUE(text.starts_with("kw1:xwEBAQABAgME"));
    const auto back = envelope_from_text(text);
    ASSERT_TRUE(back.has_value()) << text;
    EXPECT_EQ(back.value(), bytes);
  }
}

TEST(Envelope, text_form_has_one_spelling) {
  const std::string text = envelope_text(some_envelope(18));  // 46 bytes: two bits are left over
  ASSERT_TRUE(envelope_from_text(text).has_value());
  EXPECT_FALSE(envelope_from_text(text + "=").has_value());
  EXPECT_FALSE(envelope_from_text(text + "\n").has_value());
  EXPECT_FALSE(envelope_from_text(text.substr(4)).has_value());
  EXPECT_FALSE(envelope_from_text("KW1:" + text.substr(4)).has_value());
  EXPECT_FALSE(envelope_from_text("kw1:").has_value());
  std::string other_bits = text;
  ASSERT_EQ(other_bits.back(), 'w');  // 0xBB ends in 1011, then zeros
  other_bits.back() = 'x';
  EXPECT_FALSE(envelope_from_text(other_bits).has_value());
  std::string standard = text;
  standard[10] = '+';
  EXPECT_FALSE(envelope_from_text(standard).has_value());
}

TEST(EnvelopeDeathTest, refuses_to_encode_version_0) {
  EnvelopeHeader header = some_header();
  header.version = 0;
  EXPECT_DEATH(static_cast<void>(encode_header(header)), "version");
}

}  // namespace
}  // namespace kw::crypto
