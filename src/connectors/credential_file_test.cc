#include "connectors/credential_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/failpoint.h"

namespace kw::connectors {
namespace {

namespace fs = std::filesystem;

template <typename T>
std::string reason(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

std::string content(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

SteadyTime soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(20);
}

class CredentialFileTest : public testing::Test {
 protected:
  CredentialFileTest() {
    std::string pattern = fs::temp_directory_path() / "keywright-file-XXXXXX";
    base = mkdtemp(pattern.data());
    root = base / "root";
    fs::create_directories(root / "app");
    fs::create_directories(base / "outside");
    std::ofstream(base / "outside" / "secret") << "untouched";
  }
  ~CredentialFileTest() override {
    failpoint::disarm_all();
    fs::remove_all(base);
  }
  CredentialFileTerms terms(const std::string& path) const {
    CredentialFileTerms made;
    made.root = root;
    made.path = path;
    return made;
  }
  static Status write(const CredentialFileTerms& terms, const std::string& text) {
    KW_TRY(const CredentialFile file, CredentialFile::open(terms));
    return file.edit(soon(), [&](std::optional<WipedText>& now) -> Result<bool> {
      now = WipedText(text);
      return true;
    });
  }
  int entries(const fs::path& folder) const {
    return static_cast<int>(std::distance(fs::directory_iterator(folder), {}));
  }

  fs::path base, root;
};

TEST_F(CredentialFileTest, a_new_file_is_for_its_owner_whatever_the_umask_says) {
  const mode_t before = umask(0);
  EXPECT_TRUE(write(terms("app/password"), "one\n"));
  umask(before);
  EXPECT_EQ(content(root / "app/password"), "one\n");
  EXPECT_EQ(fs::status(root / "app/password").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(entries(root / "app"), 1);
}

TEST_F(CredentialFileTest, a_replacement_has_the_mode_of_the_file_or_the_wanted_one) {
  std::ofstream(root / "app/password") << "old";
  fs::permissions(root / "app/password", fs::perms(0640));
  EXPECT_TRUE(write(terms("app/password"), "new"));
  EXPECT_EQ(fs::status(root / "app/password").permissions(), fs::perms(0640));
  auto wanted = terms("app/password");
  wanted.mode = 0600;
  EXPECT_FALSE(CredentialFile::open(wanted)->as_wanted().value());
  EXPECT_TRUE(write(wanted, "newer"));
  EXPECT_EQ(fs::status(root / "app/password").permissions(), fs::perms(0600));
  EXPECT_TRUE(CredentialFile::open(wanted)->as_wanted().value());
}

TEST_F(CredentialFileTest, links_and_ways_out_of_the_root_are_refused) {
  fs::create_directory_symlink(base / "outside", root / "link");
  fs::create_symlink(base / "outside/secret", root / "app/password");
  fs::create_hard_link(base / "outside/secret", root / "app/hard");
  EXPECT_EQ(reason(write(terms("link/secret"), "x")), "no_such_folder");
  EXPECT_EQ(reason(write(terms("app/password"), "x")), "unfit_file");
  EXPECT_EQ(reason(write(terms("app/hard"), "x")), "unfit_file");
  EXPECT_EQ(reason(write(terms("missing/x"), "x")), "no_such_folder");
  EXPECT_EQ(content(base / "outside/secret"), "untouched");
  const std::vector<std::string> roots{root};
  for (const char* path : {"", "/", "../outside/secret", "app/../../outside/secret", "app/./x",
                           "/etc/passwd", "app//x", "app/", ".", "app/.keywright-unfinished-x"})
    EXPECT_EQ(reason(check_file_terms(terms(path), roots)), "bad_setting") << path;
  EXPECT_TRUE(check_file_terms(terms("app/x"), roots));
  EXPECT_EQ(reason(check_file_terms(terms("app/x"), {base.string()})), "bad_setting");
}

TEST_F(CredentialFileTest, a_folder_or_a_pipe_is_no_credential_file) {
  fs::create_directory(root / "app/folder");
  ASSERT_EQ(mkfifo((root / "app/pipe").c_str(), 0600), 0);
  EXPECT_EQ(reason(write(terms("app/folder"), "x")), "unfit_file");
  EXPECT_EQ(reason(write(terms("app/pipe"), "x")), "unfit_file");
  std::ofstream(root / "app/large") << std::string(CredentialFile::kBytesMax + 1, 'x');
  EXPECT_EQ(reason(write(terms("app/large"), "x")), "unfit_file");
}

TEST_F(CredentialFileTest, a_failure_in_the_middle_leaves_the_old_text_and_nothing_beside) {
#ifndef KW_FAILPOINTS
  GTEST_SKIP() << "this build has no failpoints";
#endif
  EXPECT_TRUE(write(terms("app/password"), "old"));
  ASSERT_TRUE(failpoint::arm("connectors.credential_file.exchange=error@1"));
  EXPECT_EQ(reason(write(terms("app/password"), "new")), "failpoint");
  EXPECT_EQ(content(root / "app/password"), "old");
  EXPECT_EQ(entries(root / "app"), 1);
}

TEST_F(CredentialFileTest, what_a_crash_left_beside_goes_with_the_next_change) {
  std::ofstream(root / "app/.keywright-unfinished-password") << "left";
  EXPECT_TRUE(write(terms("app/password"), "new"));
  EXPECT_EQ(entries(root / "app"), 1);
}

TEST_F(CredentialFileTest, a_change_that_is_none_writes_nothing) {
  EXPECT_TRUE(write(terms("app/password"), "old"));
  struct stat before {
  }, after{};
  stat((root / "app/password").c_str(), &before);
  const auto file = CredentialFile::open(terms("app/password"));
  EXPECT_TRUE(file->edit(soon(), [](auto&) -> Result<bool> { return false; }));
  stat((root / "app/password").c_str(), &after);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(CredentialFileTest, somebody_elses_change_in_the_last_moment_is_not_lost) {
  EXPECT_TRUE(write(terms("app/list"), "a\n"));
  const auto file = CredentialFile::open(terms("app/list"));
  int calls = 0;
  EXPECT_TRUE(file->edit(soon(), [&](std::optional<WipedText>& text) -> Result<bool> {
    if (++calls == 1) {
      std::ofstream(root / "app/other") << "a\nb\n";
      fs::rename(root / "app/other", root / "app/list");
    }
    text->append("c\n");
    return true;
  }));
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(content(root / "app/list"), "a\nb\nc\n");
}

// Two writers of ours, each adding lines: none is lost.
TEST_F(CredentialFileTest, writers_at_once_lose_nothing) {
  constexpr int kLines = 40;
  const auto add = [&](char who) {
    const auto file = CredentialFile::open(terms("app/list"));
    for (int i = 0; i < kLines; ++i)
      EXPECT_TRUE(file->edit(soon(), [&](std::optional<WipedText>& text) -> Result<bool> {
        if (!text) text.emplace();
        text->append(1, who).append("\n");
        return true;
      }));
  };
  std::thread other([&] { add('b'); });
  add('a');
  other.join();
  const std::string all = content(root / "app/list");
  EXPECT_EQ(std::count(all.begin(), all.end(), 'a'), kLines);
  EXPECT_EQ(std::count(all.begin(), all.end(), 'b'), kLines);
}

// T32: somebody swaps the folder and the file for links as fast as he can while we write.
TEST_F(CredentialFileTest, a_racer_with_links_leads_nothing_outside) {
  std::atomic<bool> over{false};
  std::thread racer([&] {
    while (!over) {
      ::rename((root / "app").c_str(), (root / "kept").c_str());
      [[maybe_unused]] int made = ::symlink((base / "outside").c_str(), (root / "app").c_str());
      made = ::symlink((base / "outside/secret").c_str(), (root / "kept/secret.link").c_str());
      ::rename((root / "kept/secret.link").c_str(), (root / "kept/secret").c_str());
      ::unlink((root / "app").c_str());
      ::rename((root / "kept").c_str(), (root / "app").c_str());
      ::unlink((root / "app/secret").c_str());
    }
  });
  int written = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  while (std::chrono::steady_clock::now() < end)
    if (write(terms("app/secret"), "ours")) ++written;
  over = true;
  racer.join();
  EXPECT_GT(written, 0);
  EXPECT_EQ(content(base / "outside/secret"), "untouched");
  EXPECT_EQ(entries(base / "outside"), 1);
}

TEST(CredentialFileSettings, modes_are_octal_and_for_no_programs) {
  EXPECT_EQ(read_mode("0640").value(), 0640u);
  EXPECT_EQ(read_mode("").value(), std::nullopt);
  for (const char* text : {"640x", "0777", "0666", "4600", "8", "0400", "-1", "rw"})
    EXPECT_FALSE(read_mode(text)) << text;
  EXPECT_EQ(read_user("root").value(), 0u);
  EXPECT_EQ(read_group("0").value(), 0u);
  EXPECT_FALSE(read_user("no-such-user-here"));
}

}  // namespace
}  // namespace kw::connectors
