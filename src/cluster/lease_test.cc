#include <atomic>
#include <thread>
#include <vector>

#include "cluster/cluster.h"
#include "cluster/store_for_tests.h"

namespace kw::cluster {
namespace {

using std::chrono::seconds;

class LeaseOn : public OnEachEngine {
 protected:
  std::optional<Lease> take(std::string_view holder, seconds time = seconds(10)) {
    auto lease = acquire(store(), clock_, "job/7", holder, time);
    EXPECT_EQ(reason(lease), "");
    return lease ? *lease : std::nullopt;
  }
  std::string fenced(std::int64_t fence) {
    return reason(store().write([&](store::Tx& tx) { return require_fence(tx, "job/7", fence); }));
  }
  FakeClock clock_{WallTime(seconds(1'800'000'000))};
};

TEST_P(LeaseOn, is_held_by_one_until_it_lapses) {
  const SteadyTime began = clock_.steady();
  const auto first = take("a");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->name, "job/7");
  EXPECT_EQ(first->fence, 1);
  EXPECT_EQ(first->good_until, began + seconds(10));
  clock_.advance(seconds(9));
  EXPECT_FALSE(take("b"));
  clock_.advance(seconds(1));
  const auto second = take("b");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->fence, 2);
  EXPECT_FALSE(take("a"));
}

TEST_P(LeaseOn, keeps_its_fence_when_renewed_in_time) {
  ASSERT_TRUE(take("a"));
  clock_.advance(seconds(9));
  const auto renewed = take("a");
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->fence, 1);
  clock_.advance(seconds(9));
  EXPECT_FALSE(take("b"));
}

TEST_P(LeaseOn, raises_the_fence_when_its_own_holder_was_late) {
  ASSERT_TRUE(take("a"));
  clock_.advance(seconds(11));
  const auto again = take("a");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->fence, 2);
  EXPECT_EQ(fenced(1), "fenced");
}

TEST_P(LeaseOn, fences_off_the_holder_that_lost_it) {
  const auto first = take("a");
  ASSERT_TRUE(first);
  EXPECT_EQ(fenced(first->fence), "");
  clock_.advance(seconds(10));
  const auto second = take("b");
  ASSERT_TRUE(second);
  EXPECT_EQ(fenced(first->fence), "fenced");
  EXPECT_EQ(fenced(second->fence), "");
  EXPECT_EQ(fenced(0), "fenced");
}

TEST_P(LeaseOn, never_lowers_the_fence_after_a_release) {
  const auto first = take("a");
  ASSERT_TRUE(first);
  EXPECT_EQ(reason(release(store(), "job/7", "b")), "");
  EXPECT_FALSE(take("b"));
  EXPECT_EQ(reason(release(store(), "job/7", "a")), "");
  const auto second = take("b");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->fence, 2);
  EXPECT_EQ(reason(release(store(), "job/7", "a")), "");
  EXPECT_FALSE(take("a"));
}

TEST_P(LeaseOn, goes_to_one_of_many_that_ask_at_once) {
  for (int round = 1; round <= 10; ++round) {
    std::atomic<int> winners{0};
    std::vector<std::thread> nodes;
    nodes.reserve(8);
    for (int node = 0; node < 8; ++node)
      nodes.emplace_back([this, node, &winners] {
        const auto lease =
            acquire(store(), clock_, "job/7", "node" + std::to_string(node), seconds(10));
        if (lease && *lease) ++winners;
      });
    for (std::thread& node : nodes) node.join();
    EXPECT_EQ(winners, 1) << "round " << round;
    clock_.advance(seconds(10));
  }
  const auto last = take("z");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->fence, 11);
}

TEST_P(LeaseOn, refuses_what_is_no_lease) {
  const std::string longest(200, 'x');
  EXPECT_EQ(reason(acquire(store(), clock_, longest, longest, seconds(1))), "");
  EXPECT_EQ(reason(acquire(store(), clock_, "", "a", seconds(1))), "bad_lease");
  EXPECT_EQ(reason(acquire(store(), clock_, longest + "x", "a", seconds(1))), "bad_lease");
  EXPECT_EQ(reason(acquire(store(), clock_, "n", "", seconds(1))), "bad_lease");
  EXPECT_EQ(reason(acquire(store(), clock_, "n", "a", seconds(0))), "bad_lease");
  EXPECT_EQ(reason(acquire(store(), clock_, "n", "a", seconds(3601))), "bad_lease");
}

INSTANTIATE_TEST_SUITE_P(Lease, LeaseOn, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::cluster
