#include "cli/sealed_file.h"

#include <gtest/gtest.h>

#include "crypto/random.h"

namespace kw::cli {
namespace {

TEST(SealedFile, opens_with_its_data_key_only) {
  const SecretBytes key = crypto::random_secret(32);
  const std::string text(100'000, 'x');
  const auto content = seal_content(as_bytes(text), key);
  ASSERT_TRUE(content);
  const Bytes file = join_sealed_file({as_bytes("wrapped"), *content});
  const auto parts = parse_sealed_file(file);
  ASSERT_TRUE(parts);
  EXPECT_EQ(as_text(parts->wrapped_key), "wrapped");
  const auto plain = open_content(parts->content, key);
  ASSERT_TRUE(plain);
  EXPECT_EQ(as_text(*plain), text);
  EXPECT_EQ(open_content(parts->content, crypto::random_secret(32)).error().reason,
            "decrypt_failed");
}

TEST(SealedFile, refuses_what_is_not_one) {
  for (const char* text : {"", "KWF", "KWF1", "KWF2aaaa", "plain text", "KWF1\xff\xff\xff\xff"})
    EXPECT_EQ(parse_sealed_file(as_bytes(text)).error().reason, "bad_file") << text;
}

}  // namespace
}  // namespace kw::cli
