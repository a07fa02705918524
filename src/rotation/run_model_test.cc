// An explicit-state model of one rotation: two coordinators, two consumers, one target with two
// slots. It drives the production table and guards through every order of crash, lost reply,
// duplicate leader, delayed document and delayed acknowledgement, and asks after each step: is what
// every consumer holds accepted (I1), is the primary accepted (I2), is nothing destroyed that is in
// use (I3)?
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <deque>
#include <functional>
#include <tuple>
#include <unordered_map>

#include "rotation/run_machine.h"

namespace kw::rotation {
namespace {

constexpr int kOld = 1, kNew = 2, kLeftover = 4;  // bits of what the target accepts

// A document says which version is primary; its number only grows, and consumers refuse older ones.
int version_of(int document) {
  return document == 1 ? kNew : kOld;
}

enum class Phase : std::uint8_t { kIdle, kLoaded, kDone, kFailed, kPassed };

struct Coordinator {
  Phase phase = Phase::kIdle;
  RunState state = RunState::kPlan, undoing = RunState::kPlan;  // its copy of the run
  bool worked = false;
  bool fresh = false;  // nobody has written since it read
};

struct Consumer2 {
  std::uint8_t seen = 0;   // number of the document that it follows
  std::uint8_t board = 0;  // number that it acknowledged using, as the store knows
  bool loaded = false;     // acknowledged as loaded
};

struct World {
  RunState state = RunState::kPlan, undoing = RunState::kPlan;
  bool worked = false;
  std::uint8_t document = 0;
  std::uint8_t slots = kOld;
  bool good = true;           // the new material works
  bool late_install = false;  // a copy of an install call is still on its way
  std::uint8_t holder = 0;    // of the lease
  std::array<Coordinator, 2> coordinators;
  std::array<Consumer2, 2> consumers;

  std::string key() const;
  bool accepts(int version) const { return (slots & version) != 0 && (version != kNew || good); }
};

std::string World::key() const {
  std::string key;
  const auto put = [&](auto value) { key.push_back(static_cast<char>(value)); };
  put(state), put(undoing), put(worked), put(document), put(slots), put(good), put(late_install);
  put(holder);
  for (const Coordinator& each : coordinators)
    put(each.phase), put(each.state), put(each.undoing), put(each.worked), put(each.fresh);
  for (const Consumer2& each : consumers) put(each.seen), put(each.board), put(each.loaded);
  return key;
}

Run run_of(RunState state, RunState undoing, bool worked) {
  Run run;
  run.state = state;
  run.undoing = undoing;
  run.worked = worked;
  run.from_version = 1;
  run.policy.old_version = OldVersion::kRetire;
  run.policy.min_overlap = Seconds(1);
  run.policy.quarantine = Seconds(1);
  return run;
}

Traits traits() {
  Traits traits;
  traits.external = traits.soft_disable = traits.revocable = true;
  return traits;
}

struct Next {
  World world;
  const char* name;
};

class Model {
 public:
  explicit Model(GuardSet guards) : guards_(guards) {}

  struct Outcome {
    std::size_t states = 0;
    int length = 0;  // of the shortest counterexample, 0 without one
    std::string story;
    std::array<bool, kRunStateCount> reached{};
  };
  Outcome explore();

 private:
  void successors(const World& world);
  void coordinator_steps(const World& world, std::size_t who);
  void act(const World& world, std::size_t who);
  void write(const World& world, std::size_t who);
  void consumer_steps(const World& world, std::size_t who);
  void perform(World world, std::size_t who, Verb verb);
  void commit(const World& world, std::size_t who, const Run& run, bool settled, Verb verb);
  Evidence evidence(const World& world, const Coordinator& mine) const;
  void emit(World world, const char* name);
  bool may_act(const World& world, std::size_t who) const {
    return !guards_.fencing || (world.holder == who && world.coordinators[who].fresh);
  }

  GuardSet guards_;
  std::vector<Next> next_;
};

// With fencing a stale copy can do nothing: forgetting it at once loses no behaviour.
void Model::emit(World world, const char* name) {
  for (Coordinator& each : world.coordinators) {
    if (guards_.fencing && !each.fresh) each = Coordinator{};
  }
  // The consumers are alike.
  auto& c = world.consumers;
  if (std::tie(c[1].seen, c[1].board, c[1].loaded) < std::tie(c[0].seen, c[0].board, c[0].loaded))
    std::swap(c[0], c[1]);
  next_.push_back({world, name});
}

Evidence Model::evidence(const World& world, const Coordinator& mine) const {
  const auto& c = world.consumers;
  Evidence e;
  e.fenced = true;  // asked where it is acted upon: may_act
  e.no_drift = e.overlap_enough = e.approved = e.published = true;
  e.percent_last = e.healthy = e.used = e.overlap_over = e.quiet = e.quarantine_over = true;
  e.free_slot = (world.slots & kLeftover) == 0;
  e.tested = mine.worked;
  e.loaded = c[0].loaded && c[1].loaded;
  e.moved_on = c[0].board == 1 && c[1].board == 1;
  e.old_refused = (world.slots & kOld) == 0;
  // Never applied, or everyone said since the demotion that it follows the later document.
  e.released = world.document == 0 || (c[0].board == 2 && c[1].board == 2);
  return e;
}

void Model::successors(const World& world) {
  next_.clear();
  for (std::size_t who = 0; who < 2; ++who) {
    coordinator_steps(world, who);
    consumer_steps(world, who);
  }
  World other = world;
  other.holder = static_cast<std::uint8_t>(1 - world.holder);
  emit(other, "the lease changes hands");
  if ((world.slots & kLeftover) != 0) {
    World reaped = world;
    reaped.slots = static_cast<std::uint8_t>(reaped.slots & ~kLeftover);
    emit(reaped, "a leftover is removed from the target");
  }
  if (world.late_install) {
    World late = world;
    late.late_install = false;
    late.slots = static_cast<std::uint8_t>(late.slots | kNew);
    emit(late, "a delayed install arrives");
  }
  Run run = run_of(world.state, world.undoing, world.worked);
  if (make_move(run, Move::kRollBack, WallTime{})) {
    World back = world;
    back.state = run.state;
    back.undoing = run.undoing;
    for (Coordinator& each : back.coordinators) each.fresh = false;
    emit(back, "an operator or the health gate rolls back");
  }
}

void Model::consumer_steps(const World& world, std::size_t who) {
  const Consumer2& mine = world.consumers[who];
  // A document may arrive late, but not after a newer one.
  for (int number = mine.seen + 1; number <= world.document; ++number) {
    World next = world;
    next.consumers[who].seen = static_cast<std::uint8_t>(number);
    emit(next, "a consumer follows a document");
  }
  for (int number = mine.board + 1; number <= mine.seen; ++number) {
    World next = world;
    next.consumers[who].board = static_cast<std::uint8_t>(number);
    emit(next, "an acknowledgement of use arrives");
  }
  const bool staged = world.state >= RunState::kValidate && world.state < RunState::kDone;
  if (staged && !mine.loaded) {
    World next = world;
    next.consumers[who].loaded = true;
    emit(next, "an acknowledgement of loading arrives");
  }
}

void Model::coordinator_steps(const World& world, std::size_t who) {
  const Coordinator& mine = world.coordinators[who];
  if (mine.phase != Phase::kIdle) {
    World crashed = world;
    crashed.coordinators[who] = Coordinator{};
    emit(crashed, "a coordinator crashes, or a reply is lost");
  }
  if (mine.phase == Phase::kIdle && world.holder == who && !finished(world.state)) {
    World read = world;
    read.coordinators[who] = {Phase::kLoaded, world.state, world.undoing, world.worked, true};
    emit(read, "a coordinator reads the run");
  }
  if (mine.phase == Phase::kLoaded && may_act(world, who)) act(world, who);
  const bool decided =
      mine.phase == Phase::kDone || mine.phase == Phase::kFailed || mine.phase == Phase::kPassed;
  if (decided && may_act(world, who)) write(world, who);
}

void Model::act(const World& world, std::size_t who) {
  const Coordinator& mine = world.coordinators[who];
  const Run run = run_of(mine.state, mine.undoing, mine.worked);
  const bool unwinding = mine.state == RunState::kRollingBack;
  const StateRow* row = state_row(unwinding ? mine.undoing : mine.state);
  if (row == nullptr) return;
  const bool skip = skipped(row->state, traits(), run);
  const std::optional<Verb> verb = unwinding ? row->undo : row->verb;
  const bool gradual_only = verb == Verb::kSetRollout;  // one step of 100 %: nothing to set
  const Guard guard = unwinding ? row->undo_guard : row->guard;
  const bool ready = why_not(guard, evidence(world, mine), guards_).empty();
  const bool must_do = verb && !gradual_only && !skip && (unwinding || !mine.worked);
  if (must_do && (!unwinding || ready)) return perform(world, who, *verb);
  if (must_do || !(skip || ready)) return;
  World passed = world;
  passed.coordinators[who].phase = Phase::kPassed;
  emit(passed, "a guard lets the run pass");
}

// The effect at the target. It may be lost on the way, arrive and be answered, or arrive while the
// answer is lost: a crash follows in another successor.
void Model::perform(World world, std::size_t who, Verb verb) {
  const World before_call = world;
  Coordinator& mine = world.coordinators[who];
  mine.phase = Phase::kDone;
  const auto clear = [&](int bit) { world.slots = static_cast<std::uint8_t>(world.slots & ~bit); };
  const auto set = [&](int bit) { world.slots = static_cast<std::uint8_t>(world.slots | bit); };
  switch (verb) {
    case Verb::kInstall: {
      World delayed = before_call;
      delayed.coordinators[who] = Coordinator{};
      delayed.late_install = true;
      emit(delayed, "an install call is delayed and gives up");
      // A full target makes room by itself: the older credential goes.
      if (world.slots == (kOld | kLeftover)) clear(kOld);
      set(kNew);
      break;
    }
    case Verb::kTest:
      if (guards_.test && !world.accepts(kNew)) mine.phase = Phase::kFailed;
      break;
    case Verb::kDisableOld:
    case Verb::kRevokeOld:
      clear(kOld);
      break;
    case Verb::kRestoreOld:
      set(kOld);
      break;
    case Verb::kRemovePending:
      clear(kNew);
      break;
    default:
      break;
  }
  emit(world, verb_name(verb).data());
}

void Model::write(const World& world, std::size_t who) {
  const Coordinator& mine = world.coordinators[who];
  Run run = run_of(mine.state, mine.undoing, mine.worked);
  const bool unwinding = mine.state == RunState::kRollingBack;
  const StateRow& row = *state_row(unwinding ? mine.undoing : mine.state);
  if (mine.phase == Phase::kFailed) {
    ASSERT_TRUE(make_move(run, Move::kRollBack, WallTime{}));
    return commit(world, who, run, false, Verb::kTest);
  }
  if (unwinding) {
    ASSERT_TRUE(make_move(run, Move::kUnwound, WallTime{}));
    return commit(world, who, run, mine.phase == Phase::kDone, row.undo.value_or(Verb::kTest));
  }
  if (mine.phase == Phase::kDone) {
    run.worked = true;
    return commit(world, who, run, true, *row.verb);
  }
  ASSERT_TRUE(make_move(run, Move::kAdvance, WallTime{}));
  commit(world, who, run, false, Verb::kTest);
}

void Model::commit(const World& world, std::size_t who, const Run& run, bool settled, Verb verb) {
  World next = world;
  next.state = run.state;
  next.undoing = run.undoing;
  next.worked = run.worked;
  for (Coordinator& each : next.coordinators) each.fresh = false;
  next.coordinators[who] = Coordinator{};
  if (settled && verb == Verb::kPromote) next.document = 1;
  if (settled && verb == Verb::kDemote && world.document == 1) next.document = 2;
  emit(next, "the outcome is written");
  if (settled && verb == Verb::kCreatePending) {
    next.good = false;
    emit(next, "the outcome is written: the material is bad");
  }
}

// "" or what is broken.
std::string broken(const World& before, const World& after) {
  for (const Consumer2& each : after.consumers)
    if (!after.accepts(version_of(each.seen))) return "I1: a consumer holds what is refused";
  if (!after.accepts(version_of(after.document))) return "I2: the primary is refused";
  const int gone = before.slots & ~after.slots;
  for (const Consumer2& each : after.consumers)
    if ((gone & version_of(each.seen)) != 0) return "I3: what is in use was taken away";
  return "";
}

Model::Outcome Model::explore() {
  Outcome outcome;
  struct Seen {
    std::string parent;
    const char* how;
    int depth;
  };
  std::unordered_map<std::string, Seen> seen;
  std::deque<World> queue;
  for (const int slots : {kOld, kOld | kLeftover}) {
    // Without fencing the space is large; leftovers have a test of their own.
    if (!guards_.fencing && slots != kOld) continue;
    World start;
    start.slots = static_cast<std::uint8_t>(slots);
    if (seen.emplace(start.key(), Seen{"", "start", 0}).second) queue.push_back(start);
  }
  while (!queue.empty()) {
    const World world = queue.front();
    queue.pop_front();
    outcome.reached[static_cast<std::size_t>(world.state)] = true;
    const std::string from = world.key();
    const int depth = seen.at(from).depth + 1;
    successors(world);
    for (const Next& each : next_) {
      if (!seen.emplace(each.world.key(), Seen{from, each.name, depth}).second) continue;
      const std::string what = broken(world, each.world);
      if (what.empty()) {
        queue.push_back(each.world);
        continue;
      }
      outcome.length = depth;
      outcome.story = what;
      for (std::string at = each.world.key(); !at.empty(); at = seen.at(at).parent)
        outcome.story = std::string(seen.at(at).how) + "\n  " + outcome.story;
      outcome.states = seen.size();
      return outcome;
    }
  }
  outcome.states = seen.size();
  return outcome;
}

TEST(RunModel, four_guards_together_keep_every_credential_accepted) {
  const Model::Outcome outcome = Model(GuardSet{}).explore();
  std::printf("states visited: %zu\n", outcome.states);
  EXPECT_EQ(outcome.length, 0) << outcome.story;
  EXPECT_GT(outcome.states, 1000U);
  for (const RunState each : {RunState::kDone, RunState::kRolledBack, RunState::kArchive})
    EXPECT_TRUE(outcome.reached[static_cast<std::size_t>(each)]) << run_state_name(each);
}

void expect_counterexample(GuardSet guards, const char* missing) {
  const Model::Outcome outcome = Model(guards).explore();
  std::printf("without %s: counterexample of %d steps\n", missing, outcome.length);
  EXPECT_GT(outcome.length, 0) << "the guard would not be needed";
}

TEST(RunModel, without_the_acknowledgement_gate_a_consumer_is_locked_out) {
  GuardSet guards;
  guards.acknowledgements = false;
  expect_counterexample(guards, "acknowledgements");
}

TEST(RunModel, without_the_test_gate_a_bad_version_becomes_primary) {
  GuardSet guards;
  guards.test = false;
  expect_counterexample(guards, "the test");
}

TEST(RunModel, without_fencing_two_leaders_lock_a_consumer_out) {
  GuardSet guards;
  guards.fencing = false;
  expect_counterexample(guards, "fencing");
}

TEST(RunModel, without_a_free_slot_installing_evicts_what_is_in_use) {
  GuardSet guards;
  guards.free_slot = false;
  expect_counterexample(guards, "a free slot");
}

}  // namespace
}  // namespace kw::rotation
