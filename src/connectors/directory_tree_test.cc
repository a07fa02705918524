#include "connectors/directory_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "connectors/envelope_for_tests.h"
#include "crypto/sealed_file.h"

namespace kw::connectors {
namespace {

namespace fs = std::filesystem;
using rotation::Page;
using rotation::PageRequest;
using rotation::QuarantineReason;
using rotation::Rewrite;

template <typename T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().reason << ": " << result.error().message;
  return *std::move(result);
}
inline void must(const Status& status) {
  if (!status) ADD_FAILURE() << status.error().reason << ": " << status.error().message;
}

class DirectoryTreeTest : public testing::Test {
 protected:
  DirectoryTreeTest() {
    tree.path = (fs::temp_directory_path() / "kw-tree-XXXXXX").string();
    EXPECT_NE(mkdtemp(tree.path.data()), nullptr);
  }
  ~DirectoryTreeTest() override { fs::remove_all(tree.path); }
  std::string at(const std::string& name) const { return tree.path + "/" + name; }
  void put(const std::string& name, ByteView content) const {
    fs::create_directories(fs::path(at(name)).parent_path());
    std::ofstream(at(name), std::ios::binary) << as_text(content);
  }
  std::string get(const std::string& name) const {
    std::ostringstream content;
    content << std::ifstream(at(name), std::ios::binary).rdbuf();
    return content.str();
  }
  std::unique_ptr<rotation::DataStore> opened() const {
    return must(open_directory_tree(tree, {"acme", "archive", key_for_tests()}));
  }
  static PageRequest after(const std::string& cursor, std::size_t limit = 3) {
    PageRequest request;
    request.after = cursor;
    request.limit = limit;
    request.target = 2;
    return request;
  }
  static std::vector<Rewrite> moved(const Page& page) {
    std::vector<Rewrite> rewrites;
    for (std::size_t i = 0; i < page.items.size(); ++i)
      if (!page.items[i].unfit && page.items[i].ciphertext.size() > 24)
        rewrites.push_back({i, moved_for_tests(page.items[i].ciphertext, 2)});
    return rewrites;
  }
  static int go_through(rotation::DataStore& store) {
    std::string cursor;
    int written = 0;
    for (;;) {
      const Page page = must(store.next(after(cursor)));
      if (page.looked_at == 0) return written;
      written += static_cast<int>(must(store.replace(moved(page))).size());
      cursor = page.end;
      must(store.commit({}));
    }
  }
  DirectoryTree tree;
};

TEST_F(DirectoryTreeTest, moves_envelopes_and_encrypted_files) {
  const Bytes wrapped = envelope_for_tests(1, "data key");
  put("a.kwf", crypto::join_sealed_file({wrapped, as_bytes(std::string(3'000'000, 'x'))}));
  put("b/c", envelope_for_tests(1, "raw"));
  put("b/d", envelope_for_tests(2, "there already"));
  const auto store = opened();
  EXPECT_EQ(must(store->census()).by_version,
            (std::map<std::uint32_t, std::int64_t>{{1, 2}, {2, 1}}));
  EXPECT_EQ(go_through(*store), 2);
  EXPECT_EQ(must(store->census()).by_version, (std::map<std::uint32_t, std::int64_t>{{2, 3}}));
  const std::string file = get("a.kwf");
  const auto parts = crypto::parse_sealed_file(as_bytes(file));
  ASSERT_TRUE(parts);
  EXPECT_TRUE(same_bytes(parts->wrapped_key, moved_for_tests(wrapped, 2)));
  EXPECT_EQ(as_text(parts->content), std::string(3'000'000, 'x')) << "the content is as it was";
  EXPECT_EQ(std::distance(fs::directory_iterator(tree.path), {}), 2) << "nothing is left over";
}

TEST_F(DirectoryTreeTest, a_text_keeps_the_line_break_at_its_end) {
  const std::string text = crypto::envelope_text(envelope_for_tests(1, "text"));
  put("a", as_bytes(text + "\n"));
  const auto store = opened();
  const Page page = must(store->next(after("")));
  ASSERT_EQ(as_text(page.items.at(0).ciphertext), text);
  const std::string fresh = crypto::envelope_text(envelope_for_tests(2, "text"));
  EXPECT_EQ(must(store->replace(std::vector<Rewrite>{{0, to_bytes(as_bytes(fresh))}})).size(), 1U);
  EXPECT_EQ(get("a"), fresh + "\n");
}

TEST_F(DirectoryTreeTest, owner_mode_time_and_attributes_stay) {
  put("a", envelope_for_tests(1, "x"));
  const bool attributes = setxattr(at("a").c_str(), "user.origin", "scanner", 7, 0) == 0;
  chmod(at("a").c_str(), 0640);
  const bool owner = geteuid() == 0 && chown(at("a").c_str(), 12345, 54321) == 0;
  const timespec times[2] = {{1'000'000, 5}, {2'000'000, 7}};
  utimensat(AT_FDCWD, at("a").c_str(), times, 0);
  EXPECT_EQ(go_through(*opened()), 1);
  struct stat now {};
  ASSERT_EQ(stat(at("a").c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 07777, 0640U);
  EXPECT_EQ(now.st_mtim.tv_sec, 2'000'000);
  EXPECT_EQ(now.st_mtim.tv_nsec, 7);
  if (owner) {
    EXPECT_EQ(now.st_uid, 12345U);
    EXPECT_EQ(now.st_gid, 54321U);
  }
  char value[16] = {};
  if (attributes) {
    EXPECT_EQ(getxattr(at("a").c_str(), "user.origin", value, sizeof value), 7);
  }
}

TEST_F(DirectoryTreeTest, links_are_not_followed_and_not_parted) {
  put("a", envelope_for_tests(1, "x"));
  put("c", envelope_for_tests(1, "y"));
  fs::create_hard_link(at("a"), at("b"));
  fs::create_symlink(at("c"), at("d"));
  const auto store = opened();
  const Page page = must(store->next(after("", 10)));
  ASSERT_EQ(page.items.size(), 3U);
  EXPECT_EQ(page.items[0].unfit, QuarantineReason::kLinked);
  EXPECT_EQ(page.items[1].unfit, QuarantineReason::kLinked);
  EXPECT_EQ(must(store->replace(moved(page))), std::vector<std::size_t>{2});
  EXPECT_TRUE(fs::is_symlink(at("d")));
  EXPECT_TRUE(fs::equivalent(at("a"), at("b")));
}

TEST_F(DirectoryTreeTest, whoever_changes_a_file_meanwhile_keeps_his_change) {
  for (const char* name : {"a", "b", "c", "d"}) put(name, envelope_for_tests(1, "old"));
  const auto store = opened();
  const Page page = must(store->next(after("", 10)));
  put("a", envelope_for_tests(1, "in place"));
  put("new", envelope_for_tests(1, "renamed over"));
  fs::rename(at("new"), at("b"));
  fs::remove(at("c"));
  EXPECT_EQ(must(store->replace(moved(page))), std::vector<std::size_t>{3});
  must(store->commit({}));
  EXPECT_EQ(get("a"), as_text(envelope_for_tests(1, "in place")));
  EXPECT_EQ(get("b"), as_text(envelope_for_tests(1, "renamed over")));
  EXPECT_FALSE(fs::exists(at("c")));
}

TEST_F(DirectoryTreeTest, a_file_that_somebody_has_open_is_left_to_him) {
  put("a", envelope_for_tests(1, "x"));
  const int held = open(at("a").c_str(), O_RDWR);
  const auto store = opened();
  EXPECT_EQ(go_through(*store), 0);
  close(held);
  EXPECT_EQ(go_through(*store), 1);
}

TEST_F(DirectoryTreeTest, foreign_files_are_handed_out_as_such_and_only_the_suffix_counts) {
  put("a.kwf", as_bytes("plain"));
  put("empty.kwf", {});
  put("readme", as_bytes("not asked for"));
  put("foreign.kwf", envelope_for_tests(1, "x", key_for_tests(9)));
  tree.suffix = ".kwf";
  const auto store = opened();
  EXPECT_EQ(must(store->census()).others, 3);
  EXPECT_EQ(must(store->next(after("", 10))).items.size(), 3U);
}

TEST_F(DirectoryTreeTest, a_folder_that_cannot_be_read_stops_the_census) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads everything";
  put("hidden/a", envelope_for_tests(1, "x"));
  chmod(at("hidden").c_str(), 0);
  EXPECT_EQ(opened()->census().error().reason, "unreadable_folder");
  chmod(at("hidden").c_str(), 0700);
}

TEST_F(DirectoryTreeTest, ciphertexts_can_be_bound_to_their_paths) {
  put("a/b\n", envelope_for_tests(1, "x"));
  tree.aad = "{tenant}:{store}:{path}";
  const auto store = opened();
  const Page page = must(store->next(after("")));
  EXPECT_EQ(as_text(page.items.at(0).aad), "acme:archive:a/b\n");
  EXPECT_EQ(page.items[0].name, "a/b%0A");
  EXPECT_EQ(page.end, "a/b%0A");
}

TEST_F(DirectoryTreeTest, refuses_bad_settings) {
  for (const char* path : {"", "relative", "/", "/a/../b", "/a/"}) {
    tree.path = path;
    EXPECT_EQ(check(tree).error().reason, "bad_path") << path;
  }
  tree.path = "/nonexistent";
  tree.aad = "{row}";
  EXPECT_EQ(check(tree).error().reason, "bad_aad");
  tree.aad.clear();
  EXPECT_EQ(open_directory_tree(tree, {}).error().reason, "no_directory");
  tree.path = (fs::temp_directory_path() / "kw-tree-XXXXXX").string();
  EXPECT_NE(mkdtemp(tree.path.data()), nullptr);
}

}  // namespace
}  // namespace kw::connectors
