#include "base/failpoint.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kw {
namespace {

TEST(Failpoint, fires_at_the_hit_that_was_named) {
  ASSERT_TRUE(failpoint::arm("test.step=error@2"));
  EXPECT_TRUE(failpoint::hit("test.step"));
  EXPECT_EQ(failpoint::hit("test.step").error().reason, "failpoint");
  EXPECT_TRUE(failpoint::hit("test.step"));
  failpoint::disarm_all();
}

TEST(Failpoint, remembers_what_was_passed) {
  ASSERT_TRUE(failpoint::hit("test.seen"));
  const auto names = failpoint::seen();
  EXPECT_NE(std::find(names.begin(), names.end(), "test.seen"), names.end());
  failpoint::disarm_all();
}

TEST(Failpoint, refuses_an_unknown_action) {
  EXPECT_EQ(failpoint::arm("a=explode").error().reason, "bad_failpoint");
}

TEST(FailpointDeathTest, dies_as_by_kill_9) {
  EXPECT_EXIT(
      {
        static_cast<void>(failpoint::arm("test.death=abort"));
        static_cast<void>(failpoint::hit("test.death"));
      },
      testing::KilledBySignal(SIGKILL), "");
}

}  // namespace
}  // namespace kw
