// Templates follow what they are made of.
#include "secrets/followers.h"

#include "rotation/rollout.h"
#include "secrets/house_for_test.h"

namespace kw::secrets {
namespace {

using enum VersionState;

class Following : public testing::TestWithParam<Engine> {
 protected:
  Following() {
    must(house.put("db", put_fields({{"username", "app"}, {"password", "p@ss"}})));
    must(house.put("host", put_text("db.example")));
    must(house.put("url", put_template("pg://{{db#username}}:{{db#password|url}}@{{host}}/app")));
  }
  Status pending(const std::string& path, const Put& wanted, int percent) {
    Put put = wanted;
    put.promote = false;
    KW_OK(house.put(path, put));
    return roll(path, percent);
  }
  // What a rotation does to the row of a secret, without the rotation.
  Status roll(const std::string& path, int percent) {
    const Secret before = house.secret(path);
    const auto number = static_cast<std::uint32_t>(before.versions.size());
    const auto outcome = house.change([&](Change c) {
      return changed(house.secrets->foundations(), c, before, [&](SecretChange& edit) -> Status {
        KW_TRY(Version * next, edit.version(number));
        if (next->state == kPending) KW_OK(edit.transition(*next, kActive));
        edit.secret().rollout = {percent < 0 ? 0 : number, percent < 0 ? 0 : percent, Bytes(16, 7)};
        return ok();
      });
    });
    return outcome ? ok() : Status(outcome.error());
  }
  TestHouse house{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Store, Following, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         engine_name);

TEST_P(Following, a_new_source_makes_a_new_rendering_and_a_rollback_the_old_one) {
  EXPECT_EQ(house.read("url"), "pg://app:p%40ss@db.example/app");
  must(house.put("db", put_fields({{"username", "app2"}, {"password", "new"}})));
  EXPECT_EQ(house.read("url"), "pg://app2:new@db.example/app");
  EXPECT_EQ(house.read("url", {.previous = true}), "pg://app:p%40ss@db.example/app");
  must(house.change([&](Change c) { return house.secrets->roll_back(c, house.secret("db"), 0); }));
  EXPECT_EQ(house.read("url"), "pg://app:p%40ss@db.example/app");
  EXPECT_EQ(house.secret("url").versions.size(), 2u);
  house.expect_sound();
}

TEST_P(Following, changes_reach_through_templates_of_templates) {
  must(house.put("env", put_template("DATABASE_URL={{url|shell}}\n")));
  must(house.put("host", put_text("other.example")));
  EXPECT_EQ(house.read("env"), "DATABASE_URL='pg://app:p%40ss@other.example/app'\n");
}

TEST_P(Following, during_a_rollout_the_same_consumers_get_the_new_rendering) {
  must(pending("db", put_fields({{"username", "app"}, {"password", "next"}}), 50));
  int fresh = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string who = "consumer-" + std::to_string(i);
    const bool chosen = rotation::in_rollout(Bytes(16, 7), who, 50);
    fresh += chosen ? 1 : 0;
    EXPECT_EQ(house.read("url", {.consumer = who}),
              chosen ? "pg://app:next@db.example/app" : "pg://app:p%40ss@db.example/app");
  }
  EXPECT_GT(fresh, 20);
  EXPECT_LT(fresh, 80);
  must(roll("db", -1));
  EXPECT_EQ(house.read("url", {.consumer = "consumer-1"}), "pg://app:p%40ss@db.example/app");
  EXPECT_EQ(house.state("url", 2), kRetired);
  house.expect_sound();
}

TEST_P(Following, a_rendering_leaves_with_the_version_it_was_made_of) {
  must(house.put("db", put_fields({{"username", "app"}, {"password", "two"}})));
  must(house.put("db", put_fields({{"username", "app"}, {"password", "three"}})));
  EXPECT_EQ(house.state("db", 1), kRetired);
  EXPECT_EQ(house.state("url", 1), kRetired);
  EXPECT_EQ(house.state("url", 2), kSecondary);
}

TEST_P(Following, circles_and_missing_sources_are_refused) {
  EXPECT_EQ(reason_of(house.put("x", put_template("{{x}}"))), "reference_cycle");
  must(house.put("a", put_template("{{url}}")));
  must(house.put("b", put_template("{{a}}")));
  EXPECT_EQ(reason_of(house.put("url", put_template("{{b}}"))), "reference_cycle");
  EXPECT_EQ(reason_of(house.put("y", put_template("{{nowhere}}"))), "reference_not_found");
  EXPECT_EQ(reason_of(house.put("y", put_template("{{db#port}}"))), "no_such_field");
  EXPECT_EQ(reason_of(house.put("y", put_template("{{db}}"))), "no_such_field");
  EXPECT_EQ(house.read("url"), "pg://app:p%40ss@db.example/app");
}

TEST_P(Following, a_source_is_not_deleted_under_its_template) {
  EXPECT_EQ(reason_of(house.change(
                [&](Change c) { return house.secrets->remove(c, house.secret("db")); })),
            "secret_referenced");
  must(house.change([&](Change c) { return house.secrets->remove(c, house.secret("url")); }));
  must(house.put("host", put_text("moved.example")));
  must(house.change([&](Change c) { return house.secrets->undelete(c, house.secret("url")); }));
  EXPECT_EQ(house.read("url"), "pg://app:p%40ss@moved.example/app");
}

TEST_P(Following, a_source_that_cannot_be_rendered_any_more_leaves_the_rendering_as_it_is) {
  must(house.put("db", put_fields({{"user", "app"}})));
  EXPECT_EQ(house.read("url"), "pg://app:p%40ss@db.example/app");
  must(house.put("db", put_fields({{"username", "b"}, {"password", "c"}})));
  EXPECT_EQ(house.read("url"), "pg://b:c@db.example/app");
  house.expect_sound();
}

TEST_P(Following, another_tenant_is_out_of_reach) {
  EXPECT_EQ(reason_of(house.put("url", put_template("{{host}}"), "globex")), "reference_not_found");
}

}  // namespace
}  // namespace kw::secrets
