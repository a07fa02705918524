#include "secrets/manual.h"

#include "secrets/rotation_room_for_test.h"

namespace kw::secrets {
namespace {

using rotation::RunState;
using std::chrono::hours;
using enum VersionState;

std::shared_ptr<const Value> text_value(std::string_view text) {
  return std::make_shared<const Value>(must(Value::of_bytes(secret_text(text))));
}
std::shared_ptr<const Value> login(const char* user, const char* password) {
  return put_fields({{"username", user}, {"password", password}}).value;
}

class ByHand : public testing::Test {
 protected:
  /// A secret of the vendor's, renewed by hand, and what its people know of it.
  void make(const std::string& path) {
    must(house.put(path, put_text("first")));
    MetadataPatch patch;
    patch.owner = "payments";
    patch.instructions = "Log in to the portal.\nMake a new key.";
    patch.generator = "manual due=14d remind=3d";
    edit(path, patch);
  }
  void edit(const std::string& path, const MetadataPatch& patch) {
    must(house.change(
        [&](Change c) { return house.secrets->update(c, house.secret(path), patch, {}); }));
  }
  std::string give(const std::string& path, std::shared_ptr<const Value> value,
                   const std::string& note = "ticket 4711") {
    return reason_of(house.store->write([&](store::Tx& tx) -> Status {
      KW_TRY(const Secret secret, house.secrets->load(tx, "acme", path));
      const GivenByHand given{std::move(value), "", std::nullopt, note};
      KW_OK(give_by_hand(*house.secrets, room.runs, {tx, house.event}, secret, given));
      return ok();
    }));
  }
  RunState tick(const RunId& id) {
    for (int i = 0; i < 3; ++i) static_cast<void>(room.engine->tick());
    return room.show(id).state;
  }
  std::int64_t reminders() { return count("run.remind"); }
  std::int64_t count(const std::string& action) {
    std::int64_t found = 0;
    must(house.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto row,
             reader.query_one("SELECT COUNT(*) FROM audit_leaf WHERE action = $1", {action}));
      found = row->integer(0);
      return ok();
    }));
    return found;
  }

  RotationRoom room{FakeSystem::Kind::kDual};
  TestHouse& house = room.house;
};

TEST_F(ByHand, a_run_waits_for_the_person_and_goes_on_with_the_value) {
  make("vendor");
  const auto run = room.start("vendor");
  EXPECT_EQ(tick(run.id), RunState::kGenerate);
  EXPECT_EQ(room.show(run.id).problem, rotation::kTaskOpen);
  EXPECT_EQ(house.read("vendor"), "first");
  EXPECT_EQ(give("vendor", text_value("second")), "");
  const auto end = room.carry_to_end(run.id);
  EXPECT_EQ(end.state, RunState::kDone) << end.problem;
  EXPECT_EQ(house.read("vendor"), "second");
  const Secret secret = house.secret("vendor");
  EXPECT_EQ(secret.version(2)->origin, "given");
  EXPECT_EQ(secret.version(2)->note, "ticket 4711");
  EXPECT_EQ(secret.metadata.instructions, "Log in to the portal.\nMake a new key.");
  EXPECT_EQ(house.state("vendor", 1), kRetired);
  EXPECT_EQ(count("run.give"), 1);
  house.expect_sound();
}

TEST_F(ByHand, people_are_reminded_before_it_is_due_when_it_is_and_every_day_after) {
  make("vendor");
  const auto run = room.start("vendor");
  tick(run.id);
  tick(run.id);
  EXPECT_EQ(reminders(), 1) << "it opened";
  house.clock.advance(hours(10 * 24));
  tick(run.id);
  EXPECT_EQ(reminders(), 1);
  house.clock.advance(hours(24));
  tick(run.id);
  EXPECT_EQ(room.show(run.id).problem, rotation::kTaskDueSoon);
  EXPECT_EQ(reminders(), 2);
  house.clock.advance(hours(3 * 24));
  tick(run.id);
  tick(run.id);
  EXPECT_EQ(room.show(run.id).problem, rotation::kTaskOverdue);
  EXPECT_EQ(reminders(), 3);
  house.clock.advance(hours(24));
  tick(run.id);
  EXPECT_EQ(reminders(), 4);
  EXPECT_EQ(room.show(run.id).attempts, 0);
  room.restart();
  EXPECT_EQ(give("vendor", text_value("late")), "");
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kDone);
}

TEST_F(ByHand, a_value_that_the_target_refuses_opens_the_task_again) {
  room.bind_app();
  MetadataPatch patch;
  patch.owner = "payments";
  patch.generator = "manual";
  edit("app", patch);
  room.system->reject_by_policy = 1;
  const auto run = room.start("app");
  EXPECT_EQ(tick(run.id), RunState::kGenerate);
  EXPECT_EQ(give("app", login("app", "too simple")), "");
  room.carry_to_end(
      run.id, [] {}, 5);
  EXPECT_EQ(room.show(run.id).state, RunState::kGenerate);
  EXPECT_EQ(room.show(run.id).problem, rotation::kTaskOpen);
  EXPECT_EQ(room.show(run.id).discarded, 1);
  EXPECT_TRUE(room.works(1));
  EXPECT_EQ(give("app", login("app", "a better password")), "");
  const auto end = room.carry_to_end(run.id);
  EXPECT_EQ(end.state, RunState::kDone) << end.problem;
  EXPECT_TRUE(room.works(3));
  EXPECT_FALSE(room.works(1));
  house.expect_sound();
}

TEST_F(ByHand, a_rollback_throws_away_what_was_given) {
  make("vendor");
  const auto run = room.start("vendor");
  tick(run.id);
  EXPECT_EQ(give("vendor", text_value("second")), "");
  EXPECT_EQ(room.roll_back(run.id), "");
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kRolledBack);
  EXPECT_EQ(house.read("vendor"), "first");
  EXPECT_EQ(house.state("vendor", 2), kDestroyed);
}

TEST_F(ByHand, nothing_is_given_where_nobody_waits) {
  make("vendor");
  EXPECT_EQ(give("vendor", text_value("second")), "no_task");
  const auto run = room.start("vendor");
  tick(run.id);
  EXPECT_EQ(give("vendor", login("a", "b")), "shape_mismatch");
  EXPECT_EQ(give("vendor", text_value("second"), std::string(513, 'x')), "bad_note");
  EXPECT_EQ(give("vendor", text_value("second")), "");
  EXPECT_EQ(give("vendor", text_value("third")), "no_task");
  must(house.put("made", put_generated("password")));
  room.start("made");
  EXPECT_EQ(give("made", text_value("second")), "no_task");
}

TEST_F(ByHand, a_manual_secret_has_an_owner_and_a_due_date_that_can_be_met) {
  must(house.put("vendor", put_text("first")));
  const auto refused = [&](const char* generator, const char* owner) {
    MetadataPatch patch;
    patch.owner = owner;
    patch.generator = generator;
    return reason_of(house.change(
        [&](Change c) { return house.secrets->update(c, house.secret("vendor"), patch, {}); }));
  };
  EXPECT_EQ(refused("manual", ""), "bad_owner");
  EXPECT_EQ(refused("manual due=1min", "payments"), "bad_generator");
  EXPECT_EQ(refused("manual due=2d remind=3d", "payments"), "bad_generator");
  EXPECT_EQ(refused("manual length=3", "payments"), "bad_generator");
  EXPECT_EQ(refused("manual due=2d remind=1d", "payments"), "");
  EXPECT_EQ(reason_of(generate(must(parse_generator("manual")))), "manual_value");
}

}  // namespace
}  // namespace kw::secrets
