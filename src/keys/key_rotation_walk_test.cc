// Rotations of keys that die at every write, and random walks of runs, crashes, rollbacks and other
// people's changes: exactly one primary at all times, and everything ever made stays good.
#include <cstdio>
#include <random>

#include "keys/rotation_room_for_test.h"

namespace kw::keys {
namespace {

using rotation::OldVersion;
using rotation::RunState;
using rotation::Seconds;
using std::chrono::minutes;
using enum VersionState;

int primaries(RotationRoom& room, const std::string& name) {
  int count = 0;
  for (const Version& each : room.key(name).versions) count += each.state == kPrimary ? 1 : 0;
  return count;
}

TEST(KeyRotationCrash, ends_well_whichever_write_the_process_dies_at) {
  RotationRoom room;
  room.policy.rollout_percent = {50, 100};
  room.policy.soak = Seconds(60);
  room.policy.publish_wait = Seconds(60);
  room.policy.quarantine = Seconds(60);
  room.policy.old_version = OldVersion::kArchive;
  room.policy.quiet = Seconds(60);
  int deaths = 0;
  for (const bool after : {false, true}) {
    for (int death = 1;; ++death) {
      SCOPED_TRACE("death at write " + std::to_string(death) + (after ? " after it" : ""));
      const std::string name = "key-" + std::to_string(deaths++);
      room.make(name);
      room.encrypt(name);
      const auto run = room.start(name);
      room.mortal->die_at(death, after);
      auto done = room.carry_to_end(run.id, minutes(1), 20);
      const bool died = room.mortal->dead();
      EXPECT_EQ(primaries(room, name), 1);
      room.restart();
      if (died) done = room.carry_to_end(run.id);
      ASSERT_EQ(done.state, RunState::kDone) << done.problem;
      EXPECT_EQ(room.key(name).primary, 2U);
      EXPECT_EQ(room.key(name).versions.size(), 2U);
      EXPECT_EQ(room.state(name, 1), kArchived);
      if (!died) break;
    }
  }
  EXPECT_GT(deaths, 8);
}

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {
    room_.policy.rollout_percent = {20, 60, 100};
    room_.policy.soak = Seconds(120);
    room_.policy.publish_wait = Seconds(60);
    room_.policy.min_overlap = Seconds(180);
    room_.make("orders");
  }

  void step() {
    switch (below(9)) {
      case 0:
        begin();
        break;
      case 1:
        if (run_) room_.roll_back(*run_);
        break;
      case 2:
        room_.mortal->die_at(1 + static_cast<int>(below(3)), below(2) == 0);
        break;
      case 3:
        room_.restart();
        break;
      case 4:
        if (below(6) == 0) by_hand();
        break;
      default:
        room_.house.clock.advance(std::chrono::seconds(30 + below(120)));
        static_cast<void>(room_.engine->tick());
    }
    look();
  }

  void end() {
    room_.restart();
    for (int i = 0; i < 30; ++i) {
      room_.house.clock.advance(minutes(5));
      room_.settle();
    }
    // A person's rotation in the midst of a rollback is for a person.
    const RunState last = run_ ? room_.show(*run_).state : RunState::kDone;
    EXPECT_TRUE(rotation::finished(last) || last == RunState::kNeedsOperator);
    look();
    EXPECT_EQ(room_.key("orders").rollout.version, 0U);
    for (const Bytes& each : made_) EXPECT_EQ(room_.opens("orders", each), "");
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }

  void begin() {
    if (run_ && !rotation::finished(room_.show(*run_).state)) return;
    run_ = room_.start("orders").id;
  }

  // On another node: it does not know what a process that died here had in its caches.
  void by_hand() {
    room_.house.keyring->forget_all();
    must(room_.house.rotate("orders"));
  }

  void look() {
    EXPECT_EQ(primaries(room_, "orders"), 1);
    const auto used =
        room_.uses.encrypt(room_.key("orders"), 0, as_bytes("tenant 7"), as_bytes("attack at dawn"),
                           "app-" + std::to_string(below(20)));
    EXPECT_EQ(reason_of(used), "");
    if (used) made_.push_back(used->content);
    const Bytes& any = made_[below(made_.size())];
    EXPECT_EQ(room_.opens("orders", any), "");
  }

  std::mt19937_64 random_;
  RotationRoom room_;
  std::optional<RunId> run_;
  std::vector<Bytes> made_;
};

TEST(KeyRotationWalk, keeps_one_primary_and_loses_nothing) {
  const char* given = std::getenv("KW_SEED");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("seed: KW_SEED=%llu\n", static_cast<unsigned long long>(seed));
  for (int walk = 0; walk < 4 && !testing::Test::HasFailure(); ++walk) {
    SCOPED_TRACE("KW_SEED=" + std::to_string(seed) + " walk " + std::to_string(walk));
    Walk one(seed + static_cast<std::uint64_t>(walk));
    for (int i = 0; i < 150 && !testing::Test::HasFailure(); ++i) one.step();
    one.end();
  }
}

}  // namespace
}  // namespace kw::keys
