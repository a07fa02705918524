// The engine in a bad world: 5 % of all steps fail, processes die at any write, the wall clock
// jumps. Deterministic for a seed. KEYWRIGHT_SIMULATION_RUNS=10000 makes it long.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "rotation/engine_room_for_test.h"

namespace kw::rotation {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr int kSubjects = 50;

int wanted_runs() {
  const char* text =
      std::getenv("KEYWRIGHT_SIMULATION_RUNS");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return text == nullptr ? 500 : std::max(1, static_cast<int>(std::strtol(text, nullptr, 10)));
}

std::uint64_t seed() {
  const char* text =
      std::getenv("KEYWRIGHT_SIMULATION_SEED");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return text == nullptr ? 20'261'120 : std::strtoull(text, nullptr, 10);
}

class World {
 public:
  World() : random_(seed()) {
    room.fake->the_traits = {true, true, true, true};
    room.policy.rollout_percent = {10, 100};
    room.policy.soak = Seconds(60);
    room.policy.min_overlap = Seconds(60);
    room.policy.quarantine = Seconds(60);
    room.options.seed = seed();
    room.restart();
    doom();
    room.fake->fault = [this](Verb verb, const Run& run) { return fault(verb, run); };
  }

  int chance(int of) { return static_cast<int>(random_() % static_cast<std::uint64_t>(of)); }

  // A definite refusal after the promotion would call an operator; the world has none.
  Fault fault(Verb verb, const Run& run) {
    if (chance(20) != 0) return Fault::kNone;
    ++faults;
    const bool early = run.state < RunState::kPromote && verb != Verb::kRemovePending;
    if (early && chance(150) == 0) return Fault::kRefused;
    return chance(2) == 0 ? Fault::kLostCall : Fault::kLostReply;
  }

  void round() {
    if (chance(40) == 0) jump();
    static_cast<void>(room.engine().tick());
    if (room.mortal->dead()) {
      ++deaths;
      room.restart();
      doom();
    }
    room.clock.advance(seconds(4 + chance(8)));
  }

  // Every process dies at some write, before or after it is durable.
  void doom() { room.mortal->die_at(1 + chance(200), chance(2) == 0); }

  // Away and back: while it is away nothing by schedule may move.
  void jump() {
    static constexpr hours kJumps[] = {hours(1), -hours(1), hours(24 * 3652)};
    const hours by = kJumps[chance(3)];
    ++jumps;
    room.clock.jump_wall(by);
    static_cast<void>(room.engine().tick());
    room.clock.jump_wall(-by);
  }

  EngineRoom room;
  int faults = 0, deaths = 0, jumps = 0;

 private:
  std::mt19937_64 random_;
};

TEST(EngineSimulation, ends_every_run_well_or_back_where_it_was) {
  World world;
  const int wanted = wanted_runs();
  for (int i = 0; i < kSubjects; ++i)
    ASSERT_TRUE(world.room.fake->add("acme", "key" + std::to_string(i)));
  int started = 0;
  int rounds = 0;
  const int patience = 2000 + wanted * 20;
  for (; rounds < patience; ++rounds) {
    for (int i = 0; i < kSubjects && started < wanted && rounds % 4 == 0; ++i) {
      const std::string name = "key" + std::to_string(i);
      StartOptions options;  // half of them count as scheduled: a wrong clock holds those up
      options.trigger = started % 2 == 0 ? Trigger::kSchedule : Trigger::kManual;
      const std::string refusal = world.room.steer([&](Change c) -> Status {
        KW_OK(world.room.runs->start(c, world.room.subject(name), options));
        return ok();
      });
      if (refusal.empty()) ++started;
    }
    world.round();
    const bool all = started == wanted;
    if (all && rounds % 10 == 0 &&
        world.room.number("SELECT COUNT(*) FROM rotation_run WHERE finished_at IS NULL") == 0)
      break;
  }
  const auto count = [&](const char* sql) { return world.room.number(sql); };
  const std::int64_t done = count("SELECT COUNT(*) FROM rotation_run WHERE state = 'done'");
  const std::int64_t back = count("SELECT COUNT(*) FROM rotation_run WHERE state = 'rolled_back'");
  const std::int64_t open = count("SELECT COUNT(*) FROM rotation_run WHERE finished_at IS NULL");
  std::printf(
      "seed %llu: %d runs, %lld done, %lld rolled back, %lld open; %d faults in %d verbs,"
      " %d deaths, %d clock jumps, %d rounds, %d violations\n",
      static_cast<unsigned long long>(seed()), wanted, static_cast<long long>(done),
      static_cast<long long>(back), static_cast<long long>(open), world.faults,
      world.room.fake->performed.load(), world.deaths, world.jumps, rounds,
      world.room.fake->violations.load());
  EXPECT_EQ(open, 0);
  EXPECT_EQ(done + back, wanted);
  EXPECT_LE(back, std::max(1, wanted / 1000));  // 99.9 % succeed
  EXPECT_EQ(world.room.fake->violations, 0);
  EXPECT_GT(world.deaths, 0);
  EXPECT_GT(world.faults, wanted / 10);
  for (int i = 0; i < kSubjects; ++i) {
    const std::string name = "key" + std::to_string(i);
    const auto primary = static_cast<std::uint32_t>(world.room.fake->primary(name));
    EXPECT_TRUE(world.room.fake->accepted(name).contains(primary)) << name;
  }
}

}  // namespace
}  // namespace kw::rotation
