// A failure at any point of any change leaves all of it or nothing.
#include <functional>
#include <set>

#include "base/failpoint.h"
#include "secrets/house_for_test.h"

namespace kw::secrets {
namespace {

struct Step {
  const char* name;
  std::function<Result<Secret>(TestHouse&, Change)> run;
};

Result<Secret> put(TestHouse& h, Change c, const char* path, const char* text) {
  return h.secrets->put(c, "acme", *SecretPath::parse(path), put_text(text));
}

Result<Secret> db(TestHouse& h, Change c) {
  return h.secrets->load(c.tx, "acme", "db");
}

std::vector<Step> steps() {
  return {
      {"create", [](TestHouse& h, Change c) { return put(h, c, "fresh", "fresh-value"); }},
      {"put", [](TestHouse& h, Change c) { return put(h, c, "db", "second-value"); }},
      {"roll back",
       [](TestHouse& h, Change c) { return h.secrets->roll_back(c, must(db(h, c)), 0); }},
      {"destroy", [](TestHouse& h, Change c) { return h.secrets->destroy(c, must(db(h, c)), 2); }},
  };
}

// Runs the step and takes it back, whatever came of it. @returns how it ended.
std::string tried(TestHouse& house, const Step& step) {
  const auto outcome = house.change([&](Change c) -> Status {
    KW_OK(step.run(house, c));
    return error(Code::kAborted, "taken_back", "");
  });
  return reason_of(outcome);
}

std::string picture(TestHouse& house) {
  std::string text;
  for (const char* path : {"db", "url", "fresh"}) {
    const auto secret = house.secrets->find("acme", path);
    text += std::string(path) + "=" + house.read(path);
    if (secret)
      for (const Version& each : secret->versions)
        text +=
            " " + std::to_string(each.number) + ":" + std::string(rotation::state_name(each.state));
    text += "\n";
  }
  return text + std::to_string(house.leaves("secret-version"));
}

class Crashing : public testing::TestWithParam<Engine> {};
INSTANTIATE_TEST_SUITE_P(Store, Crashing, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         engine_name);

TEST_P(Crashing, a_failure_at_any_point_changes_nothing_and_a_repeat_succeeds) {
#ifndef KW_FAILPOINTS
  GTEST_SKIP() << "this build has no failpoints";
#endif
  TestHouse house(GetParam());
  must(house.put("db", put_text("first-value")));
  must(house.put("url", put_template("x://{{db|url}}")));
  std::set<std::string> passed;
  for (const Step& step : steps()) {
    EXPECT_EQ(tried(house, step), "taken_back") << step.name;
    for (const std::string& point : failpoint::seen()) {
      if (!point.starts_with("secrets.")) continue;
      const std::string before = picture(house);
      must(failpoint::arm(point + "=error@1"));
      const std::string ended = tried(house, step);
      failpoint::disarm_all();
      EXPECT_TRUE(ended == "failpoint" || ended == "taken_back") << step.name << " at " << point;
      EXPECT_EQ(picture(house), before) << step.name << " at " << point;
      if (ended == "failpoint") passed.insert(point);
    }
    must(house.change([&](Change c) -> Status {
      KW_OK(step.run(house, c));
      return ok();
    }));
    house.expect_sound();
  }
  EXPECT_GE(passed.size(), 5u);
}

TEST_P(Crashing, a_destruction_that_fails_halfway_is_finished_later) {
#ifndef KW_FAILPOINTS
  GTEST_SKIP() << "this build has no failpoints";
#endif
  TestHouse house(GetParam());
  must(house.put("db", put_text("first-value")));
  must(house.put("db", put_text("second-value")));
  must(house.change([&](Change c) { return house.secrets->destroy(c, house.secret("db"), 1); }));
  house.clock.advance(std::chrono::hours(31 * 24));
  must(failpoint::arm("secrets.version.erased=error@1"));
  EXPECT_EQ(reason_of(house.secrets->destroy_due(house.event)), "failpoint");
  failpoint::disarm_all();
  EXPECT_EQ(house.state("db", 1), VersionState::kDestroying);
  house.expect_sound();
  EXPECT_EQ(must(house.secrets->destroy_due(house.event)), 1);
}

}  // namespace
}  // namespace kw::secrets
