// Which runs share a transaction.
#include <gtest/gtest.h>

#include "rotation/engine_state.h"

namespace kw::rotation {
namespace {

TEST(RunsOfARound, share_small_transactions_while_they_are_few) {
  for (const std::size_t runs : {1U, 256U, 2000U}) EXPECT_EQ(batch_for(runs, 1024), 256U) << runs;
}

TEST(RunsOfARound, share_large_transactions_in_a_storm) {
  EXPECT_EQ(batch_for(4096, 1024), 512U);
  EXPECT_EQ(batch_for(10'000, 1024), 1024U);
}

TEST(RunsOfARound, never_share_more_than_the_setting_allows) {
  for (const std::size_t runs : {1U, 256U, 10'000U}) EXPECT_EQ(batch_for(runs, 1), 1U) << runs;
  EXPECT_EQ(batch_for(10'000, 300), 300U);
}

TEST(RunsOfARound, of_neighbours_share_a_transaction_and_urgent_ones_go_first) {
  // As fairness has them: the tenants take turns.
  Works picked;
  for (int i = 0; i < 10; ++i) {
    picked.push_back(std::make_unique<Work>());
    picked.back()->subject = {"key", i % 2 == 0 ? "a" : "b", "k" + std::to_string(i)};
    picked.back()->urgency = i == 7 ? 1 : 3;
  }
  std::vector<std::string> order;
  const std::vector<Task> tasks = share_transactions(std::move(picked), 5);
  ASSERT_EQ(tasks.size(), 2U);
  for (const Task& task : tasks) {
    EXPECT_EQ(task.size(), 5U);
    for (const auto& work : task) order.push_back(work->subject.tenant + "/" + work->subject.name);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"b/k7", "a/k0", "a/k2", "a/k4", "a/k6", "a/k8", "b/k1",
                                             "b/k3", "b/k5", "b/k9"}));
}

TEST(RunsOfARound, may_be_none) {
  EXPECT_TRUE(share_transactions({}, 1024).empty());
}

}  // namespace
}  // namespace kw::rotation
