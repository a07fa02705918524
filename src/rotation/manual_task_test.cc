#include "rotation/manual_task.h"

#include <gtest/gtest.h>

namespace kw::rotation {
namespace {

using std::chrono::hours;

const WallTime kDue = from_micros(1'800'000'000'000'000);
const ManualTask kTask{kDue, hours(72)};

TEST(ManualTask, is_open_then_due_soon_then_overdue) {
  EXPECT_EQ(task_stage(kTask, kDue - hours(73)), kTaskOpen);
  EXPECT_EQ(task_stage(kTask, kDue - hours(72)), kTaskDueSoon);
  EXPECT_EQ(task_stage(kTask, kDue - std::chrono::seconds(1)), kTaskDueSoon);
  EXPECT_EQ(task_stage(kTask, kDue), kTaskOverdue);
  for (const auto stage : {kTaskOpen, kTaskDueSoon, kTaskOverdue})
    EXPECT_TRUE(is_task_stage(stage));
  EXPECT_FALSE(is_task_stage("in_use"));
}

TEST(ManualTask, reminds_before_it_is_due_then_and_every_day_after) {
  EXPECT_EQ(next_reminder(kTask, kDue - hours(100)), kDue - hours(72));
  EXPECT_EQ(next_reminder(kTask, kDue - hours(72)), kDue);
  EXPECT_EQ(next_reminder(kTask, kDue), kDue + hours(24));
  EXPECT_EQ(next_reminder(kTask, kDue + hours(25)), kDue + hours(48));
  EXPECT_FALSE(reminds(kTask, kDue - hours(100), kDue - hours(73)));
  EXPECT_TRUE(reminds(kTask, kDue - hours(73), kDue - hours(72)));
  EXPECT_FALSE(reminds(kTask, kDue - hours(72), kDue - hours(1)));
  EXPECT_TRUE(reminds(kTask, kDue - hours(1), kDue));
  EXPECT_FALSE(reminds(kTask, kDue, kDue + hours(23)));
  EXPECT_TRUE(reminds(kTask, kDue, kDue + hours(24)));
}

}  // namespace
}  // namespace kw::rotation
