#include "base/id.h"

#include <gtest/gtest.h>

namespace kw {
namespace {

TEST(Id, has_one_text_form) {
  const auto id = KeyId::parse("00112233445566778899aabbccddeeff");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->text(), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(*KeyId::from_bytes(id->bytes()), *id);
}

TEST(Id, refuses_every_other_form) {
  for (const char* text :
       {"", "00112233445566778899AABBCCDDEEFF", "00112233445566778899aabbccddeef",
        "00112233445566778899aabbccddeeff0", "0011223344556677-899aabbccddeeff"})
    EXPECT_FALSE(KeyId::parse(text).has_value()) << text;
  EXPECT_FALSE(KeyId::from_bytes(as_bytes("short")).has_value());
}

}  // namespace
}  // namespace kw
