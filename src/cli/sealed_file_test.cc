#include "cli/sealed_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

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

class Files : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string at(const std::string& name) const { return folder_ + "/" + name; }
  std::string folder_ = "/tmp/kw-files-XXXXXX";
};

TEST_F(Files, come_back_as_they_were_written) {
  ASSERT_TRUE(write_file(at("a"), as_bytes("text")));
  const auto back = read_file(at("a"), 4);
  ASSERT_TRUE(back);
  EXPECT_EQ(as_text(*back), "text");
}

TEST_F(Files, say_why_they_cannot_be_read) {
  const Error missing = read_file(at("nowhere")).error();
  EXPECT_EQ(missing.reason, "cannot_read");
  EXPECT_EQ(missing.message, "cannot read " + at("nowhere") + ": there is no such file");
  EXPECT_EQ(read_file(folder_).error().message, "cannot read " + folder_ + ": it is a folder");
  ASSERT_TRUE(write_file(at("large"), as_bytes("12345")));
  const Error large = read_file(at("large"), 4).error();
  EXPECT_EQ(large.reason, "file_too_large");
  EXPECT_EQ(large.message, "cannot read " + at("large") + ": it has more than 4 bytes");
  EXPECT_EQ(write_file(at("no/where"), as_bytes("x")).error().message,
            "cannot write " + at("no/where") + ": there is no such folder");
}

}  // namespace
}  // namespace kw::cli
