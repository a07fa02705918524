// What starts by itself: due times, holds, clocks that jump, catching up.
#include <gtest/gtest.h>

#include "cluster/cluster.h"
#include "rotation/engine_room_for_test.h"

namespace kw::rotation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Traits kInternal{false, false, false, true};

class Scheduled : public testing::Test {
 protected:
  Scheduled() {
    room.fake->the_traits = kInternal;
    room.policy.old_version = OldVersion::kKeepSecondary;
    room.options.due_of = [this](const SubjectFacts& facts, const EffectivePolicy&,
                                 WallTime) -> Result<Due> {
      Due due;
      due.at = due.base = facts.primary_since + interval;
      return due;
    };
    room.restart();
  }

  EngineRoom room;
  std::chrono::hours interval{24};
};

TEST_F(Scheduled, starts_what_is_due_once_and_again_after_the_interval) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(room.fake->add("acme", "key" + std::to_string(i)));
  room.settle();
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run"), 0);
  room.clock.advance(hours(24));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(room.engine().tick());
    room.clock.advance(seconds(61));
  }
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run WHERE state = 'done'"), 5);
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run"), 5);
  room.clock.advance(hours(24));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(room.engine().tick());
    room.clock.advance(seconds(61));
  }
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run WHERE state = 'done'"), 10);
}

TEST_F(Scheduled, goes_on_beside_a_subject_that_was_damaged_and_tells_of_it) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(room.fake->add("acme", name));
  room.fake->damaged = {"b"};
  room.options.metrics = &room.metrics;
  room.restart();
  room.settle();
  room.clock.advance(hours(24));
  room.settle();
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run WHERE state = 'done'"), 2);
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run WHERE name = 'b'"), 0);
  const auto told = [&](const std::string& line) {
    return room.metrics.prometheus_text().find(line) != std::string::npos;
  };
  EXPECT_TRUE(told("rotation_damaged{kind=\"fake\"} 1\n"));
  room.fake->damaged.clear();
  room.clock.advance(minutes(2));
  room.settle();
  EXPECT_TRUE(told("rotation_damaged{kind=\"fake\"} 0\n"));
}

TEST_F(Scheduled, holds_a_subject_back_after_a_run_that_failed) {
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  room.fake->fault = [](Verb verb, const kw::rotation::Run&) {
    return verb == Verb::kPromote ? Fault::kRefused : Fault::kNone;
  };
  room.clock.advance(hours(25));
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(room.engine().tick());
    room.clock.advance(seconds(61));
  }
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run"), 1);
  room.fake->fault = nullptr;
  for (int i = 0; i < 130; ++i) {
    static_cast<void>(room.engine().tick());
    room.clock.advance(seconds(61));
  }
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run WHERE state = 'done'"), 1);
}

TEST_F(Scheduled, freezes_while_the_wall_clock_cannot_be_right) {
  ASSERT_TRUE(room.fake->add("acme", "orders"));
  ASSERT_TRUE(room.engine().tick());
  room.clock.jump_wall(hours(24 * 365 * 10));
  room.settle();
  EXPECT_TRUE(room.engine().clock_frozen());
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run"), 0);
  room.clock.jump_wall(-hours(24 * 365 * 10));
  room.settle();
  EXPECT_FALSE(room.engine().clock_frozen());
  room.clock.jump_wall(hours(25));
  ASSERT_TRUE(room.engine().tick());
  EXPECT_TRUE(room.engine().clock_frozen());
  audit::Event by;
  by.actor = "alice";
  ASSERT_TRUE(room.engine().confirm_clock(by));
  room.settle();
  room.clock.advance(seconds(61));
  room.settle();
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run WHERE state = 'done'"), 1);
}

TEST_F(Scheduled, knows_a_clock_that_went_back_while_nobody_ran) {
  ASSERT_TRUE(room.engine().tick());
  room.clock.advance(hours(2));
  ASSERT_TRUE(room.engine().tick());
  ASSERT_TRUE(cluster::release(*room.store, "rotation/scheduler", room.options.node));
  room.clock.jump_wall(-hours(1));
  room.restart();
  EXPECT_TRUE(room.engine().tick()->leader);
  EXPECT_TRUE(room.engine().clock_frozen());
}

TEST_F(Scheduled, spreads_what_a_downtime_left_behind) {
  room.options.catch_up_from = 10;
  room.restart();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(room.fake->add("acme", "key" + std::to_string(i)));
  room.settle();
  room.clock.advance(hours(24) - minutes(5));
  ASSERT_TRUE(room.engine().tick());  // the cache knows when
  room.clock.advance(hours(3));
  room.restart();
  ASSERT_TRUE(room.engine().tick());
  EXPECT_LE(room.number("SELECT COUNT(*) FROM rotation_run"), 2);
  for (int i = 0; i < 62; ++i) {
    ASSERT_TRUE(room.engine().tick());
    room.clock.advance(minutes(1));
  }
  EXPECT_EQ(room.number("SELECT COUNT(*) FROM rotation_run WHERE state = 'done'"), 40);
}

}  // namespace
}  // namespace kw::rotation
