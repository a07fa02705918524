#include "secrets/secret_rotatable.h"

#include "secrets/rotation_room_for_test.h"

namespace kw::secrets {
namespace {

using Kind = FakeSystem::Kind;
using rotation::RunState;
using enum VersionState;

std::string kind_name(const testing::TestParamInfo<Kind>& each) {
  return each.param == Kind::kAlternating ? "alternating"
         : each.param == Kind::kDual      ? "dual"
                                          : "single";
}

Settings consent(Kind kind) {
  return kind == Kind::kSingle ? Settings{{"consent", "swap"}} : Settings{};
}

class RotatingAt : public testing::TestWithParam<Kind> {
 protected:
  RotationRoom room{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(System, RotatingAt,
                         testing::Values(Kind::kAlternating, Kind::kDual, Kind::kSingle),
                         kind_name);

TEST_P(RotatingAt, readers_always_get_in_and_the_old_credential_is_dead_at_the_end) {
  room.bind_app(consent(GetParam()));
  const auto run = room.start("app");
  const auto end = room.carry_to_end(run.id, [&] { EXPECT_TRUE(room.reader_gets_in()); });
  EXPECT_EQ(end.state, RunState::kDone) << end.problem;
  const Secret secret = room.house.secret("app");
  EXPECT_EQ(secret.primary, 2U);
  EXPECT_EQ(room.house.state("app", 1), kRetired);
  EXPECT_TRUE(room.works(2));
  EXPECT_FALSE(room.works(1));
  room.house.expect_sound();
}

TEST_P(RotatingAt, a_second_rotation_takes_the_free_slot_again) {
  room.bind_app(consent(GetParam()));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(room.carry_to_end(room.start("app").id).state, RunState::kDone);
  EXPECT_EQ(room.house.secret("app").primary, 4U);
  EXPECT_TRUE(room.reader_gets_in());
  EXPECT_LE(room.system->users().size(), 3U);
}

TEST_P(RotatingAt, a_rollback_after_promotion_leaves_the_old_credential_working) {
  room.bind_app(consent(GetParam()));
  const auto run = room.start("app");
  room.carry_to_end(run.id, [&] {
    if (room.show(run.id).state == RunState::kDrain) {
      EXPECT_EQ(room.roll_back(run.id), "");
    }
    EXPECT_TRUE(room.reader_gets_in());
  });
  EXPECT_EQ(room.show(run.id).state, RunState::kRolledBack);
  EXPECT_EQ(room.house.secret("app").primary, 1U);
  EXPECT_TRUE(room.works(1));
}

TEST_P(RotatingAt, lost_replies_and_outages_at_every_call_end_well) {
  for (const auto fault : {FakeSystem::Fault::kLostReply, FakeSystem::Fault::kDown}) {
    for (int at = 1; at < 60; ++at) {
      RotationRoom fresh(GetParam());
      fresh.bind_app(consent(GetParam()));
      const int before = fresh.system->calls();
      fresh.system->fail_at(at, fault, 3);
      const auto run = fresh.start("app");
      const auto end = fresh.carry_to_end(run.id);
      EXPECT_TRUE(end.state == RunState::kDone || end.state == RunState::kRolledBack)
          << "call " << at << ": " << rotation::run_state_name(end.state) << " " << end.problem;
      EXPECT_TRUE(fresh.reader_gets_in()) << "call " << at;
      EXPECT_EQ(fresh.works(1), end.state == RunState::kRolledBack) << "call " << at;
      if (fresh.system->calls() - before < at) break;  // beyond its last call
    }
  }
}

TEST_P(RotatingAt, a_crash_at_every_write_ends_well) {
  for (int at = 1; at < 80; ++at) {
    bool died = false;
    for (const bool durable : {false, true}) {
      RotationRoom fresh(GetParam());
      fresh.bind_app(consent(GetParam()));
      const auto run = fresh.start("app");
      fresh.mortal->die_at(at, durable);
      const auto end = fresh.carry_to_end(run.id, [&] { died = died || fresh.mortal->dead(); });
      EXPECT_EQ(end.state, RunState::kDone) << "write " << at << " " << end.problem;
      EXPECT_TRUE(fresh.reader_gets_in()) << "write " << at;
      EXPECT_FALSE(fresh.works(1)) << "write " << at;
      EXPECT_LE(fresh.house.secret("app").versions.size(), 2U) << "write " << at;
      fresh.house.expect_sound();
    }
    if (!died) break;
  }
}

TEST_P(RotatingAt, what_the_target_refuses_by_policy_is_made_anew) {
  room.bind_app(consent(GetParam()));
  room.system->reject_by_policy = GetParam() == Kind::kSingle ? 0 : 2;
  const auto end = room.carry_to_end(room.start("app").id);
  EXPECT_EQ(end.state, RunState::kDone) << end.problem;
  const Secret secret = room.house.secret("app");
  EXPECT_EQ(secret.versions.size(), GetParam() == Kind::kSingle ? 2U : 4U);
  EXPECT_TRUE(room.reader_gets_in());
}

TEST_P(RotatingAt, a_target_that_refuses_everything_ends_in_a_rollback) {
  room.bind_app(consent(GetParam()));
  room.system->reject_by_policy = 100;
  const auto end = room.carry_to_end(room.start("app").id);
  EXPECT_EQ(end.state, RunState::kRolledBack);
  EXPECT_TRUE(room.reader_gets_in());
  EXPECT_EQ(room.house.secret("app").primary, 1U);
}

TEST(RotatingAlternating, a_target_that_accepts_any_password_is_found_out) {
  RotationRoom room(Kind::kAlternating);
  room.bind_app();
  room.system->accepts_anything = true;
  const auto end = room.carry_to_end(room.start("app").id);
  EXPECT_EQ(end.state, RunState::kRolledBack);
  EXPECT_EQ(room.house.secret("app").primary, 1U);
}

TEST(RotatingAlternating, sessions_of_the_old_user_hold_the_run_in_its_drain) {
  RotationRoom room(Kind::kAlternating);
  room.bind_app();
  room.system->sessions_of_old = 3;
  const auto run = room.start("app");
  room.carry_to_end(
      run.id, [] {}, 200);
  EXPECT_EQ(room.show(run.id).state, RunState::kDrain);
  EXPECT_TRUE(room.works(1));
  room.system->sessions_of_old = 0;
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kDone);
  EXPECT_FALSE(room.works(1));
}

TEST(RotatingAlternating, what_the_target_made_for_nobody_goes_with_the_run) {
  for (const bool taken_back : {false, true}) {
    RotationRoom room(Kind::kAlternating);
    room.bind_app();
    room.system->makes_secrets = true;
    room.system->lost_creations = taken_back ? 1000 : 2;
    const auto users = room.system->users();
    const auto run = room.start("app");
    room.carry_to_end(run.id, [&] {
      if (taken_back && room.system->users().size() > users.size()) room.roll_back(run.id);
    });
    const auto state = room.show(run.id).state;
    EXPECT_EQ(state, taken_back ? RunState::kRolledBack : RunState::kDone);
    EXPECT_EQ(room.system->users().size(), users.size());
    EXPECT_TRUE(room.reader_gets_in());
    EXPECT_EQ(room.works(1), taken_back);
  }
}

TEST(RotatingTaken, the_old_one_goes_on_until_the_consumer_has_the_new_one) {
  RotationRoom room(Kind::kDual);
  room.system->consumer_takes = true;
  room.bind_app();
  const auto run = room.start("app");
  const auto waits = room.carry_to_end(
      run.id, [] {}, 100);
  EXPECT_EQ(waits.state, RunState::kDrain);
  EXPECT_EQ(waits.problem, "in_use");
  EXPECT_EQ(room.house.secret("app").primary, 2U);
  EXPECT_EQ(room.house.state("app", 1), kSecondary);
  const auto read = must(room.house.secrets->read("acme", "app", {}));
  room.system->set_password(must(read.value.text_of("username")),
                            must(read.value.text_of("password")));
  EXPECT_EQ(room.carry_to_end(run.id).state, RunState::kDone);
  EXPECT_EQ(room.house.state("app", 1), kRetired);
  room.house.expect_sound();
}

TEST(RotatingAlternating, lockout_budgets_are_kept) {
  RotationRoom room(Kind::kAlternating);
  room.system->lockout_threshold = 6;
  room.bind_app();
  const int before = room.system->failed_logins();
  EXPECT_EQ(room.carry_to_end(room.start("app").id).state, RunState::kDone);
  EXPECT_LE(room.system->failed_logins() - before, 3);
}

TEST(RotatingDual, a_system_that_cannot_end_sessions_holds_no_emergency_up_and_the_run_says_so) {
  RotationRoom room(Kind::kDual);
  room.bind_app();
  room.system->sessions_survive = true;
  room.system->ends_sessions = false;
  rotation::StartOptions emergency;
  emergency.emergency = true;
  const auto run = room.start("app", emergency);
  const auto end = room.carry_to_end(run.id);
  EXPECT_EQ(end.state, RunState::kDone) << end.problem;
  EXPECT_FALSE(room.works(1));
  std::vector<rotation::Step> steps;
  must(room.house.store->read([&](store::Reader& reader) -> Status {
    KW_TRY(steps, room.runs.steps(reader, run.id));
    return ok();
  }));
  EXPECT_TRUE(std::any_of(steps.begin(), steps.end(), [](const rotation::Step& step) {
    return step.verb == "revoke_old" && step.detail == "sessions_survive";
  }));
}

TEST(RotatingDual, what_a_system_cannot_do_is_refused_when_it_is_asked_for) {
  RotationRoom room(Kind::kDual);
  room.bind_app();
  room.system->sessions_survive = true;
  const auto bind = [&](const Settings& account) {
    return reason_of(room.house.change(
        [&](Change c) { return room.targets.bind(c, room.house.secret("app"), "db", account); }));
  };
  const Settings ending = {{"account", "app"}, {"end_sessions", "yes"}};
  EXPECT_EQ(bind(ending), "");
  room.system->ends_sessions = false;
  EXPECT_EQ(bind(ending), "sessions_cannot_be_ended");
  EXPECT_EQ(bind({{"account", "app"}}), "");
}

TEST(RotatingSingle, a_swap_needs_consent) {
  RotationRoom room(Kind::kSingle);
  room.system->set_password("app", "first-password");
  must(room.house.put("app", put_fields({{"username", "app"}, {"password", "first-password"}})));
  const auto bind = [&](const Settings& account) {
    return reason_of(room.house.change(
        [&](Change c) { return room.targets.bind(c, room.house.secret("app"), "db", account); }));
  };
  EXPECT_EQ(bind({{"account", "app"}}), "consent_needed");
  EXPECT_EQ(bind({{"account", "app"}, {"consent", "maybe"}}), "bad_setting");
  EXPECT_EQ(bind({{"account", "a b"}, {"consent", "swap"}}), "bad_setting");
  EXPECT_EQ(bind({{"consent", "swap"}}), "missing_setting");
  EXPECT_EQ(bind({{"account", "app"}, {"consent", "swap"}}), "");
}

class RotatingRoot : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(System, RotatingRoot, testing::Values(Kind::kDual, Kind::kSingle),
                         kind_name);

TEST_P(RotatingRoot, the_admin_rotates_itself_and_is_never_lost) {
  for (int at = 1; at < 60; ++at) {
    RotationRoom room(GetParam());
    Settings account = consent(GetParam());
    account["account"] = "admin";
    account["admin"] = "self";
    must(room.house.change(
        [&](Change c) { return room.targets.bind(c, room.house.secret("root"), "db", account); }));
    const int before = room.system->calls();
    room.system->fail_at(at, FakeSystem::Fault::kLostReply, 2);
    const auto end = room.carry_to_end(room.start("root").id);
    EXPECT_EQ(end.state, RunState::kDone) << "call " << at << " " << end.problem;
    EXPECT_TRUE(room.reader_gets_in("root")) << "call " << at;
    EXPECT_FALSE(room.works(1, "root")) << "call " << at;
    room.bind_app(consent(GetParam()));
    EXPECT_EQ(room.carry_to_end(room.start("app").id).state, RunState::kDone) << "call " << at;
    if (room.system->calls() - before < at) break;
  }
}

TEST(RotatingHere, a_generated_secret_is_handed_over_in_our_own_store) {
  RotationRoom room(Kind::kDual);
  must(room.house.put("token", put_generated("hex bytes=32")));
  const std::string before = room.house.read("token");
  const auto run = room.start("token");
  const auto end =
      room.carry_to_end(run.id, [&] { EXPECT_EQ(room.house.read("token").size(), 64U); });
  EXPECT_EQ(end.state, RunState::kDone) << end.problem;
  EXPECT_NE(room.house.read("token"), before);
  EXPECT_EQ(room.house.state("token", 1), kRetired);
}

TEST(RotatingHere, what_is_rendered_follows_the_rotation) {
  RotationRoom room(Kind::kAlternating);
  room.bind_app();
  must(room.house.put("url", put_template("pg://{{app#username}}:{{app#password|url}}@db")));
  const auto run = room.start("app");
  room.carry_to_end(run.id, [&] {
    const auto app = must(room.house.secrets->read("acme", "app", {.consumer = "web"}));
    EXPECT_EQ(room.house.read("url", {.consumer = "web"}),
              "pg://" + must(app.value.text_of("username")) + ":" +
                  must(app.value.text_of("password")) + "@db");
  });
  EXPECT_EQ(room.show(run.id).state, RunState::kDone);
  EXPECT_EQ(room.house.state("url", 1), kRetired);
}

TEST(RotatingHere, one_that_was_changed_behind_the_service_keeps_no_other_from_being_told) {
  RotationRoom room(Kind::kDual);
  for (const char* path : {"a", "b", "c"}) must(room.house.put(path, put_generated("password")));
  must(room.house.tamper("UPDATE secret_object SET owner = 'mallory' WHERE path = 'b'"));
  std::string told;
  for (const auto& each : must(room.rotatable.inventory(nullptr, 100)))
    told += each.subject.text() + (each.damaged ? " damaged, " : ", ");
  EXPECT_EQ(told, "secret:acme/a, secret:acme/b damaged, secret:acme/c, ");
}

TEST(RotatingHere, what_nobody_can_make_is_not_in_the_inventory) {
  RotationRoom room(Kind::kDual);
  must(room.house.put("by-hand", put_text("value")));
  must(room.house.put("made", put_generated("password")));
  const auto all = must(room.rotatable.inventory(nullptr, 100));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().subject.text(), "secret:acme/made");
  EXPECT_EQ(room.carry_to_end(room.start("by-hand").id).state, RunState::kRolledBack);
}

}  // namespace
}  // namespace kw::secrets
