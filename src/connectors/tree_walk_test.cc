#include "connectors/tree_walk.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace kw::connectors {
namespace {

namespace fs = std::filesystem;

class TreeWalkTest : public testing::Test {
 protected:
  TreeWalkTest() {
    root = (fs::temp_directory_path() / "kw-walk-XXXXXX").string();
    EXPECT_NE(mkdtemp(root.data()), nullptr);
  }
  ~TreeWalkTest() override { fs::remove_all(root); }
  void put(const std::string& path) {
    fs::create_directories((fs::path(root) / path).parent_path());
    std::ofstream(fs::path(root) / path) << "x";
  }
  std::vector<std::string> after(const std::string& path) {
    auto walk = TreeWalk::open(root);
    EXPECT_TRUE(walk);
    EXPECT_TRUE(walk->seek(path));
    std::vector<std::string> found;
    for (;;) {
      const auto next = walk->next();
      EXPECT_TRUE(next);
      if (!*next) return found;
      found.push_back(**next);
    }
  }
  using Paths = std::vector<std::string>;
  std::string root;
};

TEST_F(TreeWalkTest, goes_by_names_and_enters_folders) {
  for (const char* path : {"b", "a/z", "a/b/c", "a.txt", "\xff"}) put(path);
  EXPECT_EQ(after(""), (Paths{"a/b/c", "a/z", "a.txt", "b", "\xff"}));
}

TEST_F(TreeWalkTest, goes_on_behind_any_path) {
  for (const char* path : {"a/b/c", "a/d", "e", "f/g"}) put(path);
  const Paths all = after("");
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(after(all[i]), Paths(all.begin() + static_cast<long>(i) + 1, all.end()));
  EXPECT_EQ(after("a/b/x"), (Paths{"a/d", "e", "f/g"})) << "a file that is gone";
  EXPECT_EQ(after("a/c/x"), (Paths{"a/d", "e", "f/g"})) << "a folder that is gone";
  EXPECT_EQ(after("e/x"), (Paths{"f/g"})) << "a folder that became a file";
}

TEST_F(TreeWalkTest, passes_symbolic_links_over) {
  put("real/file");
  fs::create_directory_symlink(root + "/real", root + "/linked");
  fs::create_symlink(root + "/real/file", root + "/alias");
  EXPECT_EQ(after(""), Paths{"real/file"});
  auto walk = TreeWalk::open(root);
  EXPECT_FALSE(walk->folder_of("linked/file"));
  EXPECT_TRUE(walk->folder_of("real/file"));
  EXPECT_EQ(TreeWalk::open(root + "/linked").error().reason, "no_directory");
}

TEST_F(TreeWalkTest, removes_what_a_crash_left) {
  put("a/.keywright-unfinished-0123");
  put("a/kept");
  EXPECT_EQ(after(""), Paths{"a/kept"});
  EXPECT_FALSE(fs::exists(root + "/a/.keywright-unfinished-0123"));
}

}  // namespace
}  // namespace kw::connectors
