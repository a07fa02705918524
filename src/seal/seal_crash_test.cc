// Power cuts in the middle of ceremonies: a child process dies at a failpoint, and exactly one set
// of shares must open what it left behind.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/failpoint.h"
#include "seal/seal.h"
#include "seal/store_for_tests.h"

namespace kw::seal {
namespace {

#ifdef KW_FAILPOINTS

// Shares leave the child through a file: memory for secrets is wiped by the kernel in a fork.
void save(const std::string& file, const std::vector<ShareText>& texts) {
  std::ofstream out(file);
  for (const ShareText& text : texts) out << std::string_view(text) << '\n';
}
std::vector<std::string> saved(const std::string& file) {
  std::vector<std::string> texts;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) texts.push_back(line);
  return texts;
}

// Runs `work` in a child; true when the child was killed by a failpoint.
bool dies(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  int status = 0;
  KW_CHECK(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

struct Scene {
  explicit Scene(const TestFolder& folder) : store(open_store(folder.url())) {
    auto opened = Seal::open(*store, {&clock, [](const RootKey*) { return ok(); }});
    KW_CHECK(opened.has_value());
    seal = *std::move(opened);
  }
  // True when the first two of the shares unseal; leaves the scene sealed.
  bool opens(const std::vector<std::string>& texts) {
    seal->cancel_ceremony();
    const bool first = texts.size() >= 2 && seal->unseal(texts[0]).has_value();
    const bool opened = first && seal->unseal(texts[1]).has_value();
    KW_CHECK(seal->seal().has_value());
    return opened;
  }
  SystemClock clock;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Seal> seal;
};

void initialise(const TestFolder& folder) {
  Scene scene(folder);
  auto texts = scene.seal->begin_init(3, 2);
  KW_CHECK(texts.has_value());
  save(folder.file("old"), *texts);
  for (const ShareText& text : *texts) KW_CHECK(scene.seal->verify_share(text).has_value());
}

void reseal(const TestFolder& folder) {
  Scene scene(folder);
  const auto old = saved(folder.file("old"));
  KW_CHECK(scene.seal->unseal(old[0]).has_value() && scene.seal->unseal(old[1]).has_value());
  KW_CHECK(scene.seal->begin_reseal(3, 2).has_value());
  KW_CHECK(scene.seal->reseal_share(old[1]).has_value());
  auto out = scene.seal->reseal_share(old[2]);
  KW_CHECK(out.has_value());
  save(folder.file("new"), out->new_shares);
  for (const ShareText& text : out->new_shares)
    KW_CHECK(scene.seal->verify_share(text).has_value());
}

TEST(SealCrash, leaves_an_uninitialised_store_before_the_commit) {
  const TestFolder folder;
  ASSERT_TRUE(dies([&] {
    KW_CHECK(failpoint::arm("seal.init.before_commit=abort").has_value());
    initialise(folder);
  }));
  Scene scene(folder);
  EXPECT_FALSE(scene.seal->status().initialised);
  EXPECT_FALSE(scene.opens(saved(folder.file("old"))));
  EXPECT_TRUE(scene.seal->begin_init(2, 2).has_value());
}

TEST(SealCrash, keeps_the_shares_after_the_commit) {
  const TestFolder folder;
  ASSERT_TRUE(dies([&] {
    KW_CHECK(failpoint::arm("seal.new_seal.after_commit=abort").has_value());
    initialise(folder);
  }));
  Scene scene(folder);
  EXPECT_TRUE(scene.seal->status().initialised);
  EXPECT_TRUE(scene.opens(saved(folder.file("old"))));
}

TEST(SealCrash, leaves_exactly_one_working_set_at_each_point_of_a_reseal) {
  for (const char* point : {"seal.reseal.before_commit", "seal.new_seal.after_commit"}) {
    const TestFolder folder;
    ASSERT_FALSE(dies([&] { initialise(folder); }));
    ASSERT_TRUE(dies([&] {
      KW_CHECK(failpoint::arm(std::string(point) + "=abort").has_value());
      reseal(folder);
    })) << point;
    Scene scene(folder);
    const bool old_opens = scene.opens(saved(folder.file("old")));
    const bool new_opens = scene.opens(saved(folder.file("new")));
    EXPECT_NE(old_opens, new_opens) << point;
    EXPECT_EQ(new_opens, std::string_view(point) == "seal.new_seal.after_commit");
  }
}

TEST(SealCrash, takes_up_a_development_key_that_was_made_before_the_cut) {
  for (const char* point : {"seal.dev_key.made", "seal.init.before_commit"}) {
    const TestFolder folder;
    ASSERT_TRUE(dies([&] {
      KW_CHECK(failpoint::arm(std::string(point) + "=abort").has_value());
      Scene scene(folder);
      static_cast<void>(scene.seal->open_dev(folder.file("seal.key")));
    })) << point;
    Scene scene(folder);
    EXPECT_FALSE(scene.seal->status().initialised);
    EXPECT_EQ(reason(scene.seal->open_dev(folder.file("seal.key"))), "") << point;
  }
}

#endif

}  // namespace
}  // namespace kw::seal
