#include "cli/context.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace kw::cli {
namespace {

class ContextTest : public testing::Test {
 protected:
  ContextTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "keywright-context-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    setenv("KEYWRIGHT_CONFIG_DIR", directory.c_str(), 1);
  }
  ~ContextTest() override { std::filesystem::remove_all(directory); }
  std::string directory;
};

TEST_F(ContextTest, starts_without_any) {
  const auto contexts = load_contexts();
  ASSERT_TRUE(contexts);
  EXPECT_TRUE(contexts->all.empty());
}

TEST_F(ContextTest, keeps_what_it_was_given_for_its_owner_only) {
  ASSERT_TRUE(save_development_context("https://127.0.0.1:8443", "ab", WipedText("kwt_x")));
  const auto contexts = load_contexts();
  ASSERT_TRUE(contexts);
  EXPECT_EQ(contexts->current, "dev");
  EXPECT_EQ(contexts->all.at("dev").url, "https://127.0.0.1:8443");
  EXPECT_EQ(contexts->all.at("dev").token, WipedText("kwt_x"));
  struct stat facts {};
  ASSERT_EQ(stat((directory + "/contexts.json").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(ContextTest, leaves_other_contexts_alone) {
  Contexts contexts;
  contexts.all["prod"].url = "https://kms:8443";
  contexts.current = "prod";
  ASSERT_TRUE(save_contexts(contexts));
  ASSERT_TRUE(save_development_context("https://127.0.0.1:1", "ab", WipedText("t")));
  EXPECT_EQ(load_contexts()->all.at("prod").url, "https://kms:8443");
}

TEST_F(ContextTest, refuses_a_file_that_is_not_its_own) {
  std::ofstream(directory + "/contexts.json") << "not json";
  EXPECT_EQ(load_contexts().error().reason, "bad_context_file");
}

}  // namespace
}  // namespace kw::cli
