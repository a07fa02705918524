// Foreign systems: one breaker and one pace for each.
#include <gtest/gtest.h>

#include <algorithm>

#include "rotation/engine_room_for_test.h"

namespace kw::rotation {
namespace {

using std::chrono::seconds;

const Traits kForeign{true, true, true, true};

TEST(EngineAtTargets, stops_calling_a_target_that_fails) {
  EngineRoom room;
  room.fake->the_traits = kForeign;
  room.fake->fault = [](Verb, const kw::rotation::Run&) { return Fault::kLostCall; };
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(room.fake->add("acme", "key" + std::to_string(i)));
    room.start("key" + std::to_string(i));
  }
  ASSERT_TRUE(room.engine().tick());
  EXPECT_EQ(room.fake->performed, 5);  // five in a row open the breaker
}

TEST(EngineAtTargets, goes_on_at_other_targets_of_the_type_when_one_fails) {
  EngineRoom room;
  room.fake->the_traits = kForeign;
  room.fake->target_of = [](const std::string& name) {
    return name.starts_with("broken") ? "east" : "west";
  };
  room.fake->fault = [](Verb, const kw::rotation::Run& run) {
    return run.subject.name.starts_with("broken") ? Fault::kLostCall : Fault::kNone;
  };
  for (const std::string number : {"1", "2", "3", "4", "5", "6"}) {
    ASSERT_TRUE(room.fake->add("acme", "broken" + number));
    room.start("broken" + number);
  }
  room.settle();
  ASSERT_TRUE(room.fake->add("acme", "sound"));
  const auto run = room.start("sound");
  // Sooner than a breaker lets anybody try again.
  EXPECT_EQ(room.carry_to_end(run.id, seconds(10), 50).state, RunState::kDone);
}

TEST(EngineAtTargets, lets_runs_of_one_target_begin_at_their_pace) {
  EngineRoom room;
  room.fake->the_traits = kForeign;
  room.fake->target_of = [](const std::string& name) { return name.substr(0, 4); };
  room.options.begins_per_minute = 6;
  room.restart();
  std::vector<RunId> east;
  for (const std::string number : {"1", "2", "3", "4", "5", "6", "7", "8"}) {
    ASSERT_TRUE(room.fake->add("acme", "east" + number));
    east.push_back(room.start("east" + number).id);
  }
  ASSERT_TRUE(room.fake->add("acme", "west"));
  const auto west = room.start("west");
  const auto begun = [&] {
    room.settle();
    return std::count_if(east.begin(), east.end(), [&](const RunId& id) {
      return room.show(id).state > RunState::kApprove || room.show(id).problem != "pace";
    });
  };
  EXPECT_EQ(begun(), 1);
  EXPECT_NE(room.show(west.id).problem, "pace");
  for (int i = 2; i <= 8; ++i) {
    room.clock.advance(seconds(10));
    EXPECT_EQ(begun(), i);
  }
}

}  // namespace
}  // namespace kw::rotation
