#include "client/token_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace kw::client {
namespace {

namespace fs = std::filesystem;

struct File {
  File() { EXPECT_NE(mkdtemp(folder.data()), nullptr); }
  ~File() { fs::remove_all(folder); }
  void write(const std::string& content, int mode = 0600) const {
    std::ofstream(path() + ".new") << content;
    fs::permissions(path() + ".new", static_cast<fs::perms>(mode));
    fs::rename(path() + ".new", path());
  }
  std::string path() const { return folder + "/token"; }
  std::string folder = (fs::temp_directory_path() / "kw-token-XXXXXX").string();
};

TEST(TokenFile, is_read_again_when_it_changed) {
  const File file;
  TokenFile token(file.path());
  EXPECT_EQ(token.read().error().reason, "token_file_missing");
  file.write("  one \n");
  EXPECT_EQ(token.read().value(), "one");
  file.write("two\n");
  EXPECT_EQ(token.read().value(), "two");
}

TEST(TokenFile, refuses_what_everybody_can_read_and_what_is_no_token) {
  const File file;
  TokenFile token(file.path());
  file.write("one", 0604);
  EXPECT_EQ(token.read().error().reason, "token_file_open");
  file.write(" \n");
  EXPECT_EQ(token.read().error().reason, "bad_token_file");
  file.write(std::string(5000, 'x'));
  EXPECT_EQ(token.read().error().reason, "bad_token_file");
  fs::remove(file.path());
  fs::create_directory(file.path());
  EXPECT_EQ(token.read().error().reason, "bad_token_file");
}

}  // namespace
}  // namespace kw::client
