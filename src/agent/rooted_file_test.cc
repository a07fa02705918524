#include "agent/rooted_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "agent/folder_for_tests.h"

namespace kw::agent {
namespace {

namespace fs = std::filesystem;

Status put(const Roots& roots, const std::string& path, std::string_view content,
           const FileForm& form = {}) {
  KW_TRY(const RootedPath place, roots.place(path));
  return Roots::replace(place, as_bytes(content), form);
}

std::string reason(const Status& status) {
  return status ? "ok" : status.error().reason;
}

mode_t mode_of(const std::string& path) {
  struct stat found {};
  EXPECT_EQ(stat(path.c_str(), &found), 0);
  return found.st_mode & 07777;
}

TEST(RootedFile, is_written_whole_with_the_mode_it_should_have) {
  const Folder folder;
  const Roots roots({folder.path});
  for (const mode_t mask : {0, 0777}) {
    const mode_t before = umask(mask);
    FileForm form;
    form.mode = 0640;
    ASSERT_EQ(reason(put(roots, folder.file("a"), "one", form)), "ok");
    ASSERT_EQ(reason(put(roots, folder.file("b"), "two")), "ok");
    umask(before);
    EXPECT_EQ(mode_of(folder.file("a")), 0640U);
    EXPECT_EQ(mode_of(folder.file("b")), 0600U);
  }
  ASSERT_EQ(reason(put(roots, folder.file("a"), "three")), "ok");
  EXPECT_EQ(folder.read("a"), "three");
  const auto back = Roots::read(roots.place(folder.file("a")).value());
  EXPECT_EQ(as_text(back->value()), "three");
  EXPECT_FALSE(Roots::read(roots.place(folder.file("none")).value())->has_value());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path), {}), 2);
}

TEST(RootedFile, has_the_owner_it_should_have) {
  const Folder folder;
  FileForm form;
  form.owner = getuid();
  form.group = getgid();
  EXPECT_EQ(reason(put(Roots({folder.path}), folder.file("a"), "x", form)), "ok");
  if (getuid() == 0) GTEST_SKIP() << "root may give files away";
  form.owner = 0;
  EXPECT_EQ(reason(put(Roots({folder.path}), folder.file("a"), "y", form)), "file_not_allowed");
  EXPECT_EQ(folder.read("a"), "x");
}

TEST(RootedFile, lies_below_a_root_and_nowhere_else) {
  const Roots roots({"/srv/app", "/etc/app"});
  EXPECT_EQ(roots.place("/etc/app/a/b/c")->folder, "a/b");
  for (const char* path :
       {"/etc/app", "/etc/app/", "/etc/apple/x", "/etc/app/../x", "/etc/app/./x", "/etc/app//x",
        "/etc/app/a/", "etc/app/x", "/etc/app/.kw-0123456789abcdef"})
    EXPECT_EQ(roots.place(path).error().reason, "outside_roots") << path;
}

TEST(RootedFile, follows_no_link_on_its_way) {
  const Folder folder, outside;
  const Roots roots({folder.path});
  fs::create_directory_symlink(outside.path, folder.file("link"));
  EXPECT_EQ(reason(put(roots, folder.file("link/a"), "x")), "unsafe_path");
  EXPECT_TRUE(fs::is_empty(outside.path));
  EXPECT_EQ(reason(put(roots, folder.file("missing/a"), "x")), "unsafe_path");
}

TEST(RootedFile, replaces_a_link_or_a_second_name_instead_of_writing_through_it) {
  const Folder folder, outside;
  const Roots roots({folder.path});
  const std::string victim = outside.write("victim", "untouched");
  fs::create_symlink(victim, folder.file("a"));
  fs::create_hard_link(victim, folder.file("b"));
  EXPECT_EQ(Roots::read(roots.place(folder.file("a")).value()).error().reason, "unsafe_path");
  EXPECT_EQ(reason(put(roots, folder.file("a"), "mine")), "ok");
  EXPECT_EQ(reason(put(roots, folder.file("b"), "mine")), "ok");
  EXPECT_EQ(outside.read("victim"), "untouched");
  EXPECT_FALSE(fs::is_symlink(folder.file("a")));
  EXPECT_EQ(folder.read("a") + folder.read("b"), "minemine");
}

TEST(RootedFile, reads_no_special_files) {
  const Folder folder;
  ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
  const auto pipe = Roots::read(Roots({folder.path}).place(folder.file("pipe")).value());
  EXPECT_EQ(pipe.error().reason, "unsafe_path");
}

TEST(RootedFile, a_folder_in_its_place_stays) {
  const Folder folder;
  fs::create_directory(folder.file("a"));
  EXPECT_FALSE(put(Roots({folder.path}), folder.file("a"), "x"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path), {}), 1);
}

TEST(RootedFile, what_a_crash_left_is_swept_when_it_is_old) {
  const Folder folder;
  folder.write(".kw-0123456789abcdef", "half");
  folder.write(".kw-notours", "theirs");
  const RootedPath place = Roots({folder.path}).place(folder.file("a")).value();
  const SystemClock clock;
  ASSERT_TRUE(Roots::sweep(place, clock.wall() - std::chrono::hours(1)));
  EXPECT_TRUE(fs::exists(folder.file(".kw-0123456789abcdef")));
  ASSERT_TRUE(Roots::sweep(place, clock.wall() + std::chrono::hours(1)));
  EXPECT_FALSE(fs::exists(folder.file(".kw-0123456789abcdef")));
  EXPECT_TRUE(fs::exists(folder.file(".kw-notours")));
}

// RLIMIT_FSIZE stands in for a full disk: the write fails in the middle.
TEST(RootedFile, a_write_that_fails_in_the_middle_leaves_the_old_file) {
  const Folder folder;
  const Roots roots({folder.path});
  ASSERT_TRUE(put(roots, folder.file("a"), "old"));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status failed = put(roots, folder.file("a"), std::string(5000, 'x'));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(reason(failed), "file_failed");
  EXPECT_EQ(folder.read("a"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path), {}), 1);
}

// T32: somebody who may write in the folders swaps names for links while we write: to folders, to
// files outside, by rename and by second names. Three seconds; KW_RACE_SECONDS for longer.
class Race {
 public:
  Race(const Folder& inside, const Folder& outside) : inside_(inside), outside_(outside) {
    fs::create_directory(inside.file("sub"));
    fs::create_directory(outside.file("sub"));
    outside.write("victim", "untouched");
    outside.write("sub/leaf", "untouched");
    threads_.emplace_back([this] { swap_folder(); });
    threads_.emplace_back([this] { swap_leaf(); });
    threads_.emplace_back([this] { steal_drafts(); });
  }
  void end() {
    over_ = true;
    for (std::thread& each : threads_) each.join();
    threads_.clear();
  }
  ~Race() { end(); }

 private:
  void swap_folder() const {
    const std::string sub = inside_.file("sub"), aside = inside_.file("aside");
    const std::string link = inside_.file("link");
    while (!over_) {
      std::error_code no;
      fs::create_directory_symlink(outside_.file("sub"), link, no);
      renameat2(AT_FDCWD, sub.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
      renameat2(AT_FDCWD, sub.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
      fs::rename(sub, aside, no);
      fs::create_directory_symlink(outside_.path, sub, no);
      fs::remove(sub, no);
      fs::rename(aside, sub, no);
    }
  }
  void swap_leaf() const {
    const std::string leaf = inside_.file("sub/leaf");
    while (!over_) {
      std::error_code no;
      fs::remove(leaf, no);
      fs::create_symlink(outside_.file("victim"), leaf, no);
      fs::remove(leaf, no);
      fs::create_hard_link(outside_.file("victim"), leaf, no);
    }
  }
  void steal_drafts() const {
    while (!over_) {
      std::error_code no;
      for (fs::directory_iterator each(inside_.file("sub"), no), end; !no && each != end;
           each.increment(no)) {
        const std::string name = each->path().filename().string();
        if (!name.starts_with(".kw-")) continue;
        fs::create_hard_link(each->path(), inside_.file("second"), no);
        fs::remove(each->path(), no);
        fs::create_symlink(outside_.file("victim"), each->path(), no);
        fs::remove(inside_.file("second"), no);
        break;
      }
    }
  }

  const Folder& inside_;
  const Folder& outside_;
  std::atomic<bool> over_{false};
  std::vector<std::thread> threads_;
};

TEST(RootedFile, a_racer_gets_nothing_out_and_leaves_nothing_half) {
  const char* asked = getenv("KW_RACE_SECONDS");  // NOLINT(concurrency-mt-unsafe)
  const auto length = std::chrono::seconds(asked == nullptr ? 3 : std::stoi(asked));
  const Folder inside, outside;
  const Roots roots({inside.path});
  Race race(inside, outside);
  const std::string content(8192, 's');
  const mode_t before = umask(0);
  std::uint64_t tries = 0, written = 0, partial = 0, escapes = 0;
  for (const auto until = std::chrono::steady_clock::now() + length;
       std::chrono::steady_clock::now() < until; ++tries) {
    if (put(roots, inside.file("sub/leaf"), content)) ++written;
    // The racer itself works outside when its own link stands in the way; what we wrote must not.
    if (outside.read("victim") != "untouched" || outside.read("sub/leaf") == content) ++escapes;
    const auto back = Roots::read(roots.place(inside.file("sub/leaf")).value());
    if (back && *back && as_text(**back) != content && as_text(**back) != "untouched") ++partial;
  }
  race.end();
  umask(before);
  std::error_code no;
  for (const auto& each : fs::recursive_directory_iterator(outside.path))
    if (each.is_regular_file(no) && fs::file_size(each, no) == content.size()) ++escapes;
  EXPECT_EQ(escapes, 0U);
  EXPECT_EQ(partial, 0U);
  EXPECT_GT(written, 0U) << "the racer left no room: the test showed nothing";
  EXPECT_LT(written, tries) << "the racer never hit: the test showed nothing";
  std::printf("racer: %lu tries, %lu written, %lu escapes, %lu partial in %ld s\n",
              static_cast<unsigned long>(tries), static_cast<unsigned long>(written),
              static_cast<unsigned long>(escapes), static_cast<unsigned long>(partial),
              static_cast<long>(length.count()));
}

}  // namespace
}  // namespace kw::agent
