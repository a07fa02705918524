#include <gtest/gtest.h>

#include "codec/base64.h"

namespace kw::codec {
namespace {

// RFC 4648, 10 (in lower case).
TEST(Hex, writes_the_vectors_of_the_standard) {
  EXPECT_EQ(hex(as_bytes("")), "");
  EXPECT_EQ(hex(as_bytes("f")), "66");
  EXPECT_EQ(hex(as_bytes("foobar")), "666f6f626172");
}

TEST(Hex, reads_every_byte_back) {
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));
  EXPECT_EQ(from_hex(hex(all)).value(), all);
  EXPECT_EQ(from_hex("DEADbeef").value(), (Bytes{0xDE, 0xAD, 0xBE, 0xEF}));
}

TEST(Hex, refuses_everything_else) {
  for (const char* text :
       {"a", "0g", "g0", "0x", " 00", "00 ", "0:", "0@", "0`", "0/", "\xFF\xFF"}) {
    const auto bytes = from_hex(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error().reason, "bad_hex");
  }
}

}  // namespace
}  // namespace kw::codec
