// How many runs share a transaction.
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

}  // namespace
}  // namespace kw::rotation
