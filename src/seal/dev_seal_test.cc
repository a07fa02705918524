#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "seal/seal.h"
#include "seal/seal_for_tests.h"

namespace kw::seal {
namespace {

class DevSeal : public SealOn {
 protected:
  TestFolder keys_;
  std::string file_ = keys_.file("seal.key");
};

TEST_P(DevSeal, makes_its_key_once_and_reads_it_afterwards) {
  Node node(store(), clock_);
  ASSERT_EQ(reason(node.seal->open_dev(file_)), "");
  ASSERT_TRUE(node.root.has_value());
  const SealStatus status = node.seal->status();
  EXPECT_EQ(status.kind, SealKind::kDev);
  EXPECT_TRUE(status.initialised);
  EXPECT_FALSE(status.sealed);
  struct stat facts {};
  ASSERT_EQ(stat(file_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_EQ(facts.st_size, 32);
  EXPECT_EQ(reason(node.seal->open_dev(file_)), "already_unsealed");
  ASSERT_EQ(reason(node.seal->seal()), "");
  EXPECT_EQ(reason(node.seal->open_dev(file_)), "");

  Node again(store(), clock_);
  ASSERT_EQ(reason(again.seal->open_dev(file_)), "");
  EXPECT_TRUE(equal_constant_time(*again.root, *node.root));
}

TEST_P(DevSeal, never_makes_a_new_key_for_an_initialised_store) {
  Node node(store(), clock_);
  ASSERT_EQ(reason(node.seal->open_dev(file_)), "");
  Node again(store(), clock_);
  EXPECT_EQ(reason(again.seal->open_dev(keys_.file("other.key"))), "no_key_file");
  struct stat facts {};
  EXPECT_NE(stat(keys_.file("other.key").c_str(), &facts), 0);
  std::ofstream(keys_.file("wrong.key")) << std::string(32, 'k');
  ASSERT_EQ(chmod(keys_.file("wrong.key").c_str(), 0600), 0);
  EXPECT_EQ(reason(again.seal->open_dev(keys_.file("wrong.key"))), "shares_do_not_fit");
}

TEST_P(DevSeal, refuses_files_that_others_may_touch) {
  const auto opened = [&](const std::string& name) {
    Node node(store(), clock_);
    return reason(node.seal->open_dev(keys_.file(name)));
  };
  std::ofstream(keys_.file("wide")) << std::string(32, 'k');
  ASSERT_EQ(chmod(keys_.file("wide").c_str(), 0640), 0);
  EXPECT_EQ(opened("wide"), "bad_key_file");
  std::ofstream(keys_.file("short")) << std::string(31, 'k');
  ASSERT_EQ(chmod(keys_.file("short").c_str(), 0600), 0);
  EXPECT_EQ(opened("short"), "bad_key_file");
  ASSERT_EQ(symlink("short", keys_.file("link").c_str()), 0);
  EXPECT_EQ(opened("link"), "bad_key_file");
  ASSERT_EQ(mkdir(keys_.file("folder").c_str(), 0700), 0);
  EXPECT_EQ(opened("folder"), "bad_key_file");
  ASSERT_EQ(mkfifo(keys_.file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(opened("pipe"), "bad_key_file");
  EXPECT_EQ(opened("no/such/folder"), "key_file_failed");
  EXPECT_EQ(number("SELECT count(*) FROM seal_config"), 0);
}

TEST_P(DevSeal, does_not_mix_with_shares) {
  Node node(store(), clock_);
  ASSERT_EQ(reason(node.seal->open_dev(file_)), "");
  EXPECT_EQ(reason(node.seal->begin_init(2, 2)), "already_initialised");
  EXPECT_EQ(reason(node.seal->begin_reseal(2, 2)), "seal_kind");
  ASSERT_EQ(reason(node.seal->seal()), "");
  EXPECT_EQ(reason(node.seal->unseal("kws1-x")), "seal_kind");
}

TEST_P(DevSeal, does_not_open_a_shamir_store) {
  Node node(store(), clock_);
  init(node, 2, 2);
  ASSERT_EQ(reason(node.seal->seal()), "");
  EXPECT_EQ(reason(node.seal->open_dev(file_)), "seal_kind");
  struct stat facts {};
  EXPECT_NE(stat(file_.c_str(), &facts), 0);
}

INSTANTIATE_TEST_SUITE_P(DevSeal, DevSeal, testing::Values("sqlite"), engine_name);

}  // namespace
}  // namespace kw::seal
