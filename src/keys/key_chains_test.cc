// Many rotations in one transaction, on both stores.
#include "keys/key_chains.h"

#include <set>

#include "codec/json.h"
#include "keys/rotation_room_for_test.h"

namespace kw::keys {
namespace {

using rotation::OldVersion;
using rotation::RunState;

constexpr int kKeys = 40;

class Chains : public testing::TestWithParam<Engine> {
 protected:
  Chains() {
    room.policy.old_version = OldVersion::kKeepSecondary;
    for (int i = 0; i < kKeys; ++i)
      room.make(name(i), i % 4 == 3 ? crypto::Algorithm::kEd25519 : crypto::Algorithm::kAes256Gcm);
  }
  static std::string name(int i) { return "k" + std::to_string(i); }

  void start_all() {
    for (int i = 0; i < kKeys; ++i) runs.push_back(room.start(name(i)).id);
  }
  int done() {
    int count = 0;
    for (const RunId& id : runs) count += room.show(id).state == RunState::kDone ? 1 : 0;
    return count;
  }
  std::vector<audit::Record> leaves_of(const std::string& action) {
    audit::Query query;
    query.action = action;
    query.limit = 1000;
    return must(room.house.log->query(query));
  }
  void expect_one_primary(const std::string& of, std::uint32_t primary) {
    const Key key = room.key(of);
    EXPECT_EQ(key.primary, primary) << of;
    EXPECT_EQ(key.versions.size(), primary) << of;
    for (const Version& each : key.versions)
      EXPECT_EQ(each.state == VersionState::kPrimary, each.number == primary) << of;
  }

  RotationRoom room{GetParam()};
  std::vector<RunId> runs;
};
INSTANTIATE_TEST_SUITE_P(Store, Chains, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& each) {
                           return each.param == Engine::kSqlite ? "sqlite" : "postgres";
                         });

TEST_P(Chains, end_many_runs_in_one_transaction_with_a_leaf_each) {
  const Bytes before = room.encrypt(name(0));
  start_all();
  const std::int64_t leaves = must(room.house.log->size());
  ASSERT_TRUE(room.engine->tick());
  EXPECT_EQ(done(), kKeys);
  EXPECT_EQ(must(room.house.log->size()), leaves + kKeys);
  for (int i = 0; i < kKeys; ++i) expect_one_primary(name(i), 2);
  EXPECT_EQ(room.opens(name(0), before), "");
  EXPECT_EQ(room.opens(name(0), room.encrypt(name(0))), "");
  std::set<std::string> told;
  for (const audit::Record& record : leaves_of("run.rotate")) {
    const auto leaf = must(codec::JsonDocument::parse(record.leaf));
    EXPECT_EQ(must(leaf.root().text("from_state")), "none");
    EXPECT_EQ(must(leaf.root().text("to_state")), "primary");
    EXPECT_EQ(must(leaf.root().integer("version")), 2);
    EXPECT_EQ(must(leaf.root().integer("demoted")), 1);
    EXPECT_EQ(
        must(leaf.root().text("note")),
        "plan,approve,generate,stage,validate,rollout,promote,drain,quarantine,revoke,archive,"
        "done");
    told.emplace(must(leaf.root().text("request_id")));
  }
  EXPECT_EQ(told.size(), runs.size());
  for (const RunId& id : runs) EXPECT_TRUE(told.contains(id.text()));
}

TEST_P(Chains, leave_nothing_behind_or_everything_when_the_process_dies) {
  for (const bool after : {false, true}) {
    ASSERT_TRUE(room.engine->tick());  // holds the lease: the next write is the commit
    runs.clear();
    start_all();
    const std::uint32_t before = room.key(name(0)).primary;
    room.mortal->die_at(1, after);
    static_cast<void>(room.engine->tick());
    EXPECT_TRUE(room.mortal->dead());
    room.house.keyring->forget_all();
    EXPECT_EQ(done(), after ? kKeys : 0);
    for (int i = 0; i < kKeys; ++i) expect_one_primary(name(i), before + (after ? 1 : 0));
    room.restart();
    room.house.clock.advance(std::chrono::minutes(2));
    room.settle();
    EXPECT_EQ(done(), kKeys);
    for (int i = 0; i < kKeys; ++i) expect_one_primary(name(i), before + 1);
  }
}

// Changes a key between the look and the commit, as another node may.
class Meddler final : public rotation::Rotatable {
 public:
  Meddler(KeyRotatable& keys, std::function<void(const std::string&)> meddle)
      : keys_(keys), meddle_(std::move(meddle)) {}
  std::string_view kind() const override { return "key"; }
  rotation::Traits traits(const rotation::SubjectFacts& facts) const override {
    return keys_.traits(facts);
  }
  Result<std::vector<rotation::SubjectFacts>> inventory(const rotation::Subject* after,
                                                        int limit) override {
    return keys_.inventory(after, limit);
  }
  Result<rotation::Observed> inspect(const rotation::Run& run) override {
    return keys_.inspect(run);
  }
  rotation::Performed perform(rotation::Verb verb, const rotation::Run& run) override {
    return keys_.perform(verb, run);
  }
  Status settle(rotation::Verb verb, store::Tx& tx, const audit::Event& by, rotation::Run& run,
                const rotation::Performed& performed) override {
    return keys_.settle(verb, tx, by, run, performed);
  }
  void settled(const rotation::Run& run) override { keys_.settled(run); }
  std::vector<Result<rotation::Observed>> inspect_all(
      std::span<const rotation::Run* const> runs) override {
    return keys_.inspect_all(runs);
  }
  rotation::Performed create_pending(const rotation::Run& run,
                                     const rotation::Observed& seen) override {
    meddle_(run.subject.name);
    return keys_.create_pending(run, seen);
  }
  bool settles_chains() const override { return true; }
  Status settle_chains(store::Tx& tx, std::span<rotation::Chain> chains) override {
    return keys_.settle_chains(tx, chains);
  }
  void chains_settled(std::span<const rotation::Chain> chains) override {
    keys_.chains_settled(chains);
  }
  Result<rotation::Drain> measure_drain(const rotation::Run& run) override {
    return keys_.measure_drain(run);
  }
  Result<rotation::Health> health(const rotation::Run& run) override { return keys_.health(run); }

 private:
  KeyRotatable& keys_;
  std::function<void(const std::string&)> meddle_;
};

TEST_P(Chains, are_not_held_up_by_one_that_somebody_else_changed) {
  bool meddled = false;
  Meddler meddler(room.keys, [&](const std::string& of) {
    if (meddled || of != name(7)) return;
    meddled = true;
    must(room.house.rotate(of));
  });
  rotation::EngineOptions options;
  options.policy_for = [this](const auto&) -> Result<rotation::EffectivePolicy> {
    return room.policy;
  };
  rotation::Engine engine({*room.house.store, *room.house.log, room.house.clock}, {&meddler},
                          std::move(options));
  start_all();
  ASSERT_TRUE(engine.tick());
  EXPECT_TRUE(meddled);
  EXPECT_EQ(done(), kKeys - 1);
  expect_one_primary(name(7), 2);  // by hand
  ASSERT_TRUE(engine.tick());      // looks again, and plans anew
  EXPECT_EQ(done(), kKeys);
  expect_one_primary(name(7), 3);
}

}  // namespace
}  // namespace kw::keys
