#include "seal/seal.h"

#include "seal/seal_for_tests.h"

namespace kw::seal {
namespace {

class ResealOn : public SealOn {};

TEST_P(ResealOn, reseals_without_touching_the_root_key) {
  Node node(store(), clock_);
  const Texts old = init(node, 3, 2);
  const SecretBytes root = node.root->clone();
  const std::string old_id = node.seal->status().seal_id;

  const Texts fresh = reseal_to(node, old, 2, 5, 3);
  ASSERT_EQ(fresh.size(), 5u);
  EXPECT_TRUE(node.seal->status().resealing);
  EXPECT_EQ(node.seal->status().seal_id, old_id);
  EXPECT_EQ(reason(node.seal->reseal_share(old[2])), "no_ceremony");
  EXPECT_EQ(reason(node.seal->verify_share(old[0])), "bad_share");

  // Until the last new share came back, the old ones are the ones that count.
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(node.seal->verify_share(fresh[i]));
  {
    Node other(store(), clock_);
    EXPECT_EQ(unseal(other, fresh, 0, 1), "bad_share");
    EXPECT_EQ(unseal(other, old, 1, 2), "");
  }
  const auto last = node.seal->verify_share(fresh[4]);
  ASSERT_EQ(reason(last), "");
  EXPECT_TRUE(last->completed);
  EXPECT_FALSE(last->status.resealing);
  EXPECT_NE(last->status.seal_id, old_id);
  EXPECT_FALSE(last->status.sealed);

  Node other(store(), clock_);
  EXPECT_EQ(unseal(other, old, 0, 1), "bad_share");
  EXPECT_EQ(unseal(other, fresh, 1, 3), "");
  EXPECT_TRUE(equal_constant_time(*other.root, root));
}

TEST_P(ResealOn, refuses_wrong_old_shares_and_lets_the_right_ones_go_on) {
  Node node(store(), clock_);
  const Texts old = init(node, 3, 2);
  EXPECT_EQ(reason(node.seal->reseal_share(old[0])), "no_ceremony");
  ASSERT_EQ(reason(node.seal->begin_reseal(2, 2)), "");
  auto forged = parse_share(old[2]);
  ASSERT_TRUE(forged);
  forged->share.value = crypto::random_secret(32);
  EXPECT_EQ(reason(node.seal->reseal_share(share_text(*forged))), "");
  EXPECT_EQ(reason(node.seal->reseal_share(old[0])), "shares_do_not_fit");
  EXPECT_EQ(node.seal->status().progress, 0);
  EXPECT_EQ(reason(node.seal->reseal_share(old[0])), "");
  EXPECT_EQ(reason(node.seal->reseal_share(old[0])), "share_repeated");
  const auto out = node.seal->reseal_share(old[1]);
  ASSERT_EQ(reason(out), "");
  give_back(node, out->new_shares);
}

TEST_P(ResealOn, does_not_reseal_while_sealed_and_forgets_it_at_sealing) {
  Node node(store(), clock_);
  const Texts old = init(node, 1, 1);
  const Texts fresh = reseal_to(node, old, 1, 1, 1);
  ASSERT_EQ(reason(node.seal->seal()), "");
  EXPECT_EQ(reason(node.seal->verify_share(fresh[0])), "no_ceremony");
  const Status refused = node.seal->begin_reseal(1, 1);
  EXPECT_EQ(reason(refused), "sealed");
  EXPECT_EQ(unseal(node, old, 0, 1), "");
}

TEST_P(ResealOn, can_be_given_the_last_share_again_when_the_store_failed) {
#ifndef KW_FAILPOINTS
  GTEST_SKIP() << "built without failpoints";
#endif
  Node node(store(), clock_);
  auto texts = node.seal->begin_init(2, 2);
  ASSERT_TRUE(texts);
  EXPECT_TRUE(node.seal->verify_share((*texts)[0]));
  for (const char* point : {"seal.init.before_commit", "seal.new_seal.after_commit"}) {
    ASSERT_TRUE(failpoint::arm(std::string(point) + "=error"));
    EXPECT_EQ(reason(node.seal->verify_share((*texts)[1])), "failpoint") << point;
    EXPECT_EQ(node.seal->status().verify_wanted, 1);
    EXPECT_TRUE(node.seal->status().sealed);
    failpoint::disarm_all();
  }
  EXPECT_EQ(reason(node.seal->verify_share((*texts)[1])), "");
  EXPECT_FALSE(node.seal->status().sealed);

  const Texts fresh = reseal_to(node, *texts, 2, 2, 2);
  EXPECT_TRUE(node.seal->verify_share(fresh[0]));
  for (const char* point : {"seal.reseal.before_commit", "seal.new_seal.after_commit"}) {
    ASSERT_TRUE(failpoint::arm(std::string(point) + "=error"));
    EXPECT_EQ(reason(node.seal->verify_share(fresh[1])), "failpoint") << point;
    failpoint::disarm_all();
  }
  EXPECT_EQ(reason(node.seal->verify_share(fresh[1])), "");
  Node other(store(), clock_);
  EXPECT_EQ(unseal(other, fresh, 0, 2), "");
}

INSTANTIATE_TEST_SUITE_P(Reseal, ResealOn, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::seal
