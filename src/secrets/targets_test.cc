#include "secrets/target.h"

#include "secrets/rotation_room_for_test.h"

namespace kw::secrets {
namespace {

class AtTargets : public testing::Test {
 protected:
  std::string put(const Target& wanted, const std::string& name = "other") {
    return reason_of(room.house.change(
        [&](Change c) { return room.targets.put(c, "acme", *ObjectName::parse(name), wanted); }));
  }
  Target wanted() {
    Target target;
    target.connector = "alternating";
    target.settings = {{"host", "db"}};
    target.admin_secret = "root";
    return target;
  }
  std::string row(const TargetReport& report, const std::string& what) {
    for (const ProbeRow& each : report.rows)
      if (each.what == what) return each.outcome == Outcome::kOk ? "ok" : each.reason;
    return "none";
  }
  RotationRoom room{FakeSystem::Kind::kAlternating};
};

TEST_F(AtTargets, what_a_target_says_is_checked) {
  EXPECT_EQ(put(wanted()), "");
  Target bad = wanted();
  bad.connector = "oracle";
  EXPECT_EQ(put(bad), "unknown_connector");
  bad = wanted();
  bad.settings = {{"hots", "db"}};
  EXPECT_EQ(put(bad), "unknown_setting");
  bad.settings = {};
  EXPECT_EQ(put(bad), "missing_setting");
  bad = wanted();
  bad.admin_secret = "nobody";
  EXPECT_EQ(put(bad), "admin_secret_missing");
}

TEST_F(AtTargets, a_target_in_use_stays) {
  room.bind_app();
  const auto remove = [&] {
    return reason_of(
        room.house.change([&](Change c) { return room.targets.remove(c, "acme", "db"); }));
  };
  EXPECT_EQ(remove(), "target_in_use");
  must(room.house.change(
      [&](Change c) { return room.targets.unbind(c, room.house.secret("app")); }));
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(remove(), "not_found");
}

TEST_F(AtTargets, users_that_take_turns_are_bound_where_an_administrator_changes_them) {
  room.bind_app();
  const auto bind = [&](const std::string& target, const Settings& account) {
    return reason_of(room.house.change(
        [&](Change c) { return room.targets.bind(c, room.house.secret("app"), target, account); }));
  };
  EXPECT_EQ(bind("db", {{"account", "app"}}), "");
  EXPECT_EQ(bind("db", {{"account", "app"}, {"admin", "self"}}), "bad_setting");
  Target alone = wanted();
  alone.admin_secret.clear();
  EXPECT_EQ(put(alone), "");
  EXPECT_EQ(bind("other", {{"account", "app"}}), "bad_setting");
}

TEST_F(AtTargets, a_test_says_what_works) {
  room.bind_app();
  const TargetReport good = must(room.targets.test("acme", "db"));
  EXPECT_EQ(row(good, "settings"), "ok");
  EXPECT_EQ(row(good, "admin login"), "ok");
  EXPECT_EQ(row(good, "wrong password refused"), "ok");
  EXPECT_EQ(row(good, "login"), "ok");
  EXPECT_EQ(row(good, "permissions"), "ok");
  EXPECT_EQ(good.capabilities.slots, 2);
  room.system->set_password("admin", "changed behind our back");
  EXPECT_EQ(row(must(room.targets.test("acme", "db")), "admin login"), "credential_refused");
  room.system->fail_at(1, FakeSystem::Fault::kDown, 100);
  EXPECT_EQ(row(must(room.targets.test("acme", "db")), "admin login"), "target_unreachable");
}

TEST_F(AtTargets, a_tampered_row_is_not_believed) {
  must(room.house.tamper("UPDATE secret_target SET settings = '{\"host\":\"evil\"}'"));
  EXPECT_EQ(reason_of(room.targets.test("acme", "db")), "row_tampered");
}

TEST_F(AtTargets, the_budget_of_failed_logins_is_half_of_the_threshold_an_hour) {
  LockoutBudget budget(room.house.clock);
  EXPECT_TRUE(budget.allows("a", 0));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(budget.allows("a", 6));
    budget.failed("a");
  }
  EXPECT_FALSE(budget.allows("a", 6));
  EXPECT_TRUE(budget.allows("b", 6));
  room.house.clock.advance(std::chrono::hours(1));
  EXPECT_TRUE(budget.allows("a", 6));
}

}  // namespace
}  // namespace kw::secrets
