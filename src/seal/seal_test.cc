#include "seal/seal.h"

#include "seal/seal_for_tests.h"

namespace kw::seal {
namespace {

using std::chrono::seconds;

TEST_P(SealOn, counts_only_once_every_share_came_back) {
  Node node(store(), clock_);
  EXPECT_FALSE(node.seal->status().initialised);
  auto texts = node.seal->begin_init(3, 2);
  ASSERT_TRUE(texts);
  ASSERT_EQ(texts->size(), 3u);
  EXPECT_EQ(node.seal->status().verify_wanted, 3);

  auto first = node.seal->verify_share((*texts)[1]);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->completed);
  EXPECT_EQ(first->status.verified, 1);
  EXPECT_EQ(first->status.verify_wanted, 2);
  EXPECT_EQ(reason(node.seal->verify_share((*texts)[1])), "bad_share");
  EXPECT_TRUE(node.seal->verify_share((*texts)[0]));
  EXPECT_EQ(number("SELECT count(*) FROM seal_config"), 0);
  EXPECT_FALSE(node.root.has_value());

  const auto last = node.seal->verify_share((*texts)[2]);
  ASSERT_EQ(reason(last), "");
  EXPECT_TRUE(last->completed);
  EXPECT_FALSE(last->status.sealed);
  EXPECT_FALSE(last->status.sealed_since.has_value());
  EXPECT_EQ(last->status.kind, SealKind::kShamir);
  EXPECT_EQ(last->status.shares, 3);
  EXPECT_EQ(last->status.threshold, 2);
  EXPECT_EQ(last->status.seal_id.size(), 16u);
  EXPECT_EQ(last->status.verify_wanted, 0);
  ASSERT_TRUE(node.root.has_value());
  EXPECT_EQ(node.root->size(), 32u);
  EXPECT_EQ(number("SELECT count(*) FROM seal_config"), 1);
  EXPECT_EQ(reason(node.seal->begin_init(3, 2)), "already_initialised");
  EXPECT_EQ(reason(node.seal->verify_share((*texts)[2])), "no_ceremony");
}

TEST_P(SealOn, gives_the_same_root_key_to_any_threshold_of_shares) {
  Node first(store(), clock_);
  const Texts texts = init(first, 4, 3);
  for (std::size_t left_out = 0; left_out < 4; ++left_out) {
    Node again(store(), clock_);
    EXPECT_TRUE(again.seal->status().sealed);
    EXPECT_EQ(again.seal->status().sealed_since, clock_.wall());
    int given = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      if (i == left_out) continue;
      const auto out = again.seal->unseal(texts[i]);
      ASSERT_EQ(reason(out), "");
      ++given;
      EXPECT_EQ(out->completed, given == 3);
      EXPECT_EQ(out->status.progress, given % 3);
    }
    ASSERT_TRUE(again.root.has_value());
    EXPECT_TRUE(equal_constant_time(*again.root, *first.root));
    EXPECT_EQ(reason(again.seal->unseal(texts[0])), "already_unsealed");
  }
}

TEST_P(SealOn, takes_the_root_key_away_when_sealed) {
  Node node(store(), clock_);
  const Texts texts = init(node, 2, 2);
  ASSERT_TRUE(node.root.has_value());
  clock_.advance(seconds(5));
  EXPECT_EQ(reason(node.seal->seal()), "");
  EXPECT_FALSE(node.root.has_value());
  EXPECT_TRUE(node.seal->status().sealed);
  EXPECT_EQ(node.seal->status().sealed_since, clock_.wall());
  EXPECT_EQ(reason(node.seal->seal()), "");
  EXPECT_EQ(unseal(node, texts, 0, 2), "");
  EXPECT_TRUE(node.root.has_value());
}

TEST_P(SealOn, refuses_wrong_sets_as_a_whole_and_starts_again) {
  Node node(store(), clock_);
  const Texts texts = init(node, 3, 2);
  ASSERT_EQ(reason(node.seal->seal()), "");
  // A well-formed share of this seal with other bytes, as a holder might forge it.
  auto forged = parse_share(texts[2]);
  ASSERT_TRUE(forged);
  forged->share.value = crypto::random_secret(32);
  EXPECT_EQ(reason(node.seal->unseal(share_text(*forged))), "");
  EXPECT_EQ(node.seal->status().progress, 1);
  const auto refused = node.seal->unseal(texts[0]);
  EXPECT_EQ(reason(refused), "shares_do_not_fit");
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_EQ(node.seal->status().progress, 0);
  EXPECT_TRUE(node.seal->status().sealed);
  EXPECT_EQ(unseal(node, texts, 1, 2), "");
}

TEST_P(SealOn, refuses_foreign_repeated_and_malformed_shares) {
  Node node(store(), clock_);
  EXPECT_EQ(reason(node.seal->unseal("kws1-x")), "not_initialised");
  const Texts texts = init(node, 3, 2);
  ASSERT_EQ(reason(node.seal->seal()), "");
  TestFolder elsewhere;
  const auto other_store = open_store(elsewhere.url());
  Node other(*other_store, clock_);
  const Texts foreign = init(other, 3, 2);

  EXPECT_EQ(reason(node.seal->unseal(foreign[0])), "bad_share");
  EXPECT_EQ(reason(node.seal->unseal("kws1-x")), "bad_share");
  EXPECT_EQ(node.seal->status().progress, 0);
  auto beyond = parse_share(texts[0]);
  ASSERT_TRUE(beyond);
  beyond->share.index = 4;
  EXPECT_EQ(reason(node.seal->unseal(share_text(*beyond))), "bad_share");
  beyond->share.index = 1;
  beyond->threshold = 1;
  EXPECT_EQ(reason(node.seal->unseal(share_text(*beyond))), "bad_share");
  EXPECT_EQ(reason(node.seal->unseal(texts[0])), "");
  EXPECT_EQ(reason(node.seal->unseal(texts[0])), "share_repeated");
  EXPECT_EQ(node.seal->status().progress, 1);
  EXPECT_EQ(reason(node.seal->unseal(texts[2])), "");
}

TEST_P(SealOn, cannot_be_completed_with_foreign_shares) {
  Node node(store(), clock_);
  const auto forgotten = node.seal->begin_init(2, 1);
  const auto running = node.seal->begin_init(2, 1);
  ASSERT_TRUE(forgotten && running);
  EXPECT_EQ(reason(node.seal->verify_share((*forgotten)[0])), "bad_share");
  EXPECT_EQ(reason(node.seal->verify_share("kws1-")), "bad_share");
  auto forged = parse_share((*running)[0]);
  ASSERT_TRUE(forged);
  forged->share.value = crypto::random_secret(32);
  EXPECT_EQ(reason(node.seal->verify_share(share_text(*forged))), "bad_share");
  forged->share.index = 3;
  EXPECT_EQ(reason(node.seal->verify_share(share_text(*forged))), "bad_share");
  EXPECT_EQ(node.seal->status().verified, 0);
  give_back(node, *running);
  EXPECT_FALSE(node.seal->status().sealed);
}

TEST_P(SealOn, refuses_bad_counts) {
  Node node(store(), clock_);
  for (const auto& [shares, threshold] : {std::pair{0, 0}, {17, 3}, {3, 4}, {3, 0}, {-1, -1}}) {
    EXPECT_EQ(reason(node.seal->begin_init(shares, threshold)), "bad_threshold");
    EXPECT_EQ(reason(node.seal->begin_reseal(shares, threshold)), "bad_threshold");
  }
  EXPECT_EQ(reason(node.seal->begin_reseal(3, 2)), "not_initialised");
  const Texts texts = init(node, 16, 16);
  ASSERT_EQ(reason(node.seal->seal()), "");
  EXPECT_EQ(unseal(node, texts, 0, 16), "");
}

TEST_P(SealOn, forgets_a_ceremony_that_nobody_finishes) {
  Node node(store(), clock_);
  auto texts = node.seal->begin_init(2, 2);
  ASSERT_TRUE(texts);
  EXPECT_TRUE(node.seal->verify_share((*texts)[0]));
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(reason(node.seal->verify_share((*texts)[0])) == "bad_share");
  clock_.advance(std::chrono::hours(1) + seconds(1));
  EXPECT_EQ(reason(node.seal->verify_share((*texts)[1])), "no_ceremony");

  const Texts shares = init(node, 2, 2);
  ASSERT_EQ(reason(node.seal->seal()), "");
  EXPECT_EQ(unseal(node, shares, 0, 1), "");
  clock_.advance(std::chrono::hours(1) + seconds(1));
  EXPECT_EQ(unseal(node, shares, 1, 1), "");
  EXPECT_TRUE(node.seal->status().sealed);
  EXPECT_EQ(node.seal->status().progress, 1);
  node.seal->cancel_ceremony();
  EXPECT_EQ(node.seal->status().progress, 0);
}

TEST_P(SealOn, stays_sealed_when_the_listener_refuses) {
  Node node(store(), clock_);
  const Texts texts = init(node, 1, 1);
  ASSERT_EQ(reason(node.seal->seal()), "");
  node.accept = false;
  node.calls = 0;
  EXPECT_EQ(unseal(node, texts, 0, 1), "not_now");
  EXPECT_EQ(node.calls, 2);  // with the key, then to take it away
  EXPECT_TRUE(node.seal->status().sealed);
  node.accept = true;
  EXPECT_EQ(unseal(node, texts, 0, 1), "");
}

TEST_P(SealOn, lets_one_of_two_nodes_win) {
  Node one(store(), clock_);
  Node two(store(), clock_);
  auto mine = one.seal->begin_init(1, 1);
  auto theirs = two.seal->begin_init(1, 1);
  ASSERT_TRUE(mine && theirs);
  give_back(one, *mine);
  EXPECT_EQ(reason(two.seal->verify_share((*theirs)[0])), "already_initialised");
  EXPECT_EQ(unseal(two, *mine, 0, 1), "");
  EXPECT_TRUE(equal_constant_time(*one.root, *two.root));

  const Texts first = reseal_to(one, *mine, 1, 2, 2);
  const Texts second = reseal_to(two, *mine, 1, 2, 2);
  give_back(two, second);
  EXPECT_EQ(reason(one.seal->verify_share(first[0])), "");
  EXPECT_EQ(reason(one.seal->verify_share(first[1])), "seal_changed");
  Node third(store(), clock_);
  EXPECT_EQ(unseal(third, second, 0, 2), "");
}

TEST_P(SealOn, notices_that_another_node_initialised) {
  Node waiting(store(), clock_);
  EXPECT_FALSE(waiting.seal->status().initialised);
  Node other(store(), clock_);
  const Texts texts = init(other, 3, 2);
  EXPECT_FALSE(waiting.seal->status().initialised);
  clock_.advance(seconds(1));
  EXPECT_TRUE(waiting.seal->status().initialised);
  EXPECT_EQ(waiting.seal->status().seal_id, other.seal->status().seal_id);
  EXPECT_EQ(unseal(waiting, texts, 0, 2), "");
}

TEST_P(SealOn, drops_old_shares_of_an_attempt_when_the_seal_changes) {
  Node waiting(store(), clock_);
  Node other(store(), clock_);
  const Texts old = init(other, 2, 2);
  EXPECT_EQ(unseal(waiting, old, 0, 1), "");
  const Texts fresh = reseal_to(other, old, 2, 2, 2);
  give_back(other, fresh);
  EXPECT_EQ(unseal(waiting, old, 1, 1), "bad_share");
  EXPECT_EQ(unseal(waiting, fresh, 0, 2), "");
}

TEST_P(SealOn, tells_a_damaged_row_from_wrong_shares) {
  Node node(store(), clock_);
  const Texts texts = init(node, 2, 2);
  ASSERT_EQ(reason(node.seal->seal()), "");
  // A threshold that was lowered behind our back does not fit the shares; a changed number of
  // shares does not open.
  EXPECT_EQ(write([](store::Tx& tx) -> Status {
              KW_OK(tx.execute("UPDATE seal_config SET threshold = 1", {}));
              return ok();
            }),
            "");
  EXPECT_EQ(unseal(node, texts, 0, 1), "bad_share");
  EXPECT_EQ(write([](store::Tx& tx) -> Status {
              KW_OK(tx.execute("UPDATE seal_config SET threshold = 2, shares = 3", {}));
              return ok();
            }),
            "");
  EXPECT_EQ(unseal(node, texts, 0, 2), "root_key_damaged");
  EXPECT_EQ(write([](store::Tx& tx) -> Status {
              KW_OK(tx.execute("UPDATE seal_config SET shares = 2, kind = 'none'", {}));
              return ok();
            }),
            "");
  EXPECT_EQ(unseal(node, texts, 0, 1), "seal_config_damaged");
}

INSTANTIATE_TEST_SUITE_P(Seal, SealOn, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::seal
