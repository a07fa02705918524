// Random changes against a small model: states stay legal, numbers dense, one primary, the right
// value is read, and templates never lag.
#include <map>
#include <random>

#include "secrets/house_for_test.h"

namespace kw::secrets {
namespace {

using enum VersionState;

/// What a secret should be, in ten lines.
struct Model {
  std::vector<std::string> values;
  std::vector<VersionState> states;
  bool deleted = false;

  std::size_t find(VersionState state) const {
    for (std::size_t i = 0; i < states.size(); ++i)
      if (states[i] == state) return i + 1;
    return 0;
  }
  void put(const std::string& value) {
    for (VersionState& each : states) {
      if (each == kSecondary) each = kRetired;
      if (each == kPrimary) each = kSecondary;
    }
    values.push_back(value);
    states.push_back(kPrimary);
  }
  bool roll_back() {
    const std::size_t to = find(kSecondary);
    if (to == 0) return false;
    states[find(kPrimary) - 1] = kSecondary;
    states[to - 1] = kPrimary;
    return true;
  }
};

class Walking : public testing::TestWithParam<Engine> {
 protected:
  void step();
  void compare();

  TestHouse house{GetParam()};
  Model model;
  std::mt19937_64 random{std::random_device{}()};
  int made = 0;
};
INSTANTIATE_TEST_SUITE_P(Store, Walking, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         engine_name);

void Walking::step() {
  const auto change = [&](auto verb) { return reason_of(house.change(verb)); };
  const Secret now = house.secret("db");
  switch (random() % 5) {
    case 0:
    case 1: {
      const std::string value = "value-" + std::to_string(++made);
      const std::string refused = reason_of(house.put("db", put_text(value)));
      EXPECT_EQ(refused, model.deleted ? "secret_deleted" : "");
      if (!model.deleted) model.put(value);
      break;
    }
    case 2: {
      const std::string refused =
          change([&](Change c) { return house.secrets->roll_back(c, now, 0); });
      if (model.deleted) {
        EXPECT_EQ(refused, "secret_deleted");
      } else {
        EXPECT_EQ(refused.empty(), model.roll_back()) << refused;
      }
      break;
    }
    case 3: {
      const std::string refused = change([&](Change c) {
        return model.deleted ? house.secrets->undelete(c, now) : house.secrets->remove(c, now);
      });
      EXPECT_EQ(refused, "");
      model.deleted = !model.deleted;
      break;
    }
    default: {
      const std::size_t retired = model.find(kRetired);
      if (retired == 0) break;
      EXPECT_EQ(change([&](Change c) {
                  return house.secrets->destroy(c, now, static_cast<std::uint32_t>(retired));
                }),
                "");
      model.states[retired - 1] = kDestroying;
    }
  }
}

void Walking::compare() {
  const Secret secret = house.secret("db");
  ASSERT_EQ(secret.versions.size(), model.states.size());
  for (std::size_t i = 0; i < model.states.size(); ++i) {
    EXPECT_EQ(secret.versions[i].number, i + 1);
    EXPECT_EQ(secret.versions[i].state, model.states[i]) << "version " << i + 1;
  }
  EXPECT_EQ(secret.primary, model.find(kPrimary));
  const std::string value = model.values[model.find(kPrimary) - 1];
  EXPECT_EQ(house.read("db"), model.deleted ? "<secret_deleted>" : value);
}

TEST_P(Walking, random_changes_stay_within_the_model) {
  const std::uint64_t seed =
      testing::UnitTest::GetInstance()->random_seed() != 0
          ? static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed())
          : std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  random.seed(seed);
  must(house.put("db", put_text("value-0")));
  model.put("value-0");
  for (int i = 0; i < 120 && !HasFailure(); ++i) {
    step();
    compare();
  }
  house.expect_sound();
}

}  // namespace
}  // namespace kw::secrets
