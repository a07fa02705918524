#include "keys/protect_limits.h"

#include "keys/house_for_test.h"
#include "keys/message_budget.h"
#include "keys/operations.h"
#include "keys/rollout_meter.h"
#include "keys/usage.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;
using rotation::SubjectFacts;

const ByteView kMessage = as_bytes("attack at dawn");

/// One process: what it reserved and counted in memory dies with it.
struct Process {
  explicit Process(TestHouse& house, rotation::EffectivePolicy& policy,
                   std::optional<WallTime> deadline = {})
      : usage(*house.store, house.clock),
        budget(*house.store, {}),
        limits(
            house.clock,
            [&policy](const SubjectFacts&) -> Result<rotation::EffectivePolicy> { return policy; },
            [deadline](const SubjectFacts&, const rotation::EffectivePolicy&,
                       WallTime) -> Result<rotation::Due> {
              rotation::Due due;
              due.hard_deadline = deadline;
              return due;
            }),
        uses(*house.keyring, usage, budget, house.clock, {nullptr, &limits}) {}

  UsageLedger usage;
  MessageBudget budget;
  ProtectLimits limits;
  Operations uses;
};

class Limited : public testing::TestWithParam<Engine> {
 protected:
  std::string use(Process& process, ByteView message = kMessage) {
    return reason_of(process.uses.encrypt(house.key("orders"), 0, {}, message, "app"));
  }
  TestHouse house{GetParam()};
  rotation::EffectivePolicy policy;
};
INSTANTIATE_TEST_SUITE_P(Store, Limited, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& each) {
                           return each.param == Engine::kSqlite ? "sqlite" : "postgres";
                         });

TEST_P(Limited, a_version_never_protects_more_than_its_policy_says_whoever_restarts) {
  policy.max_operations = 1000;
  must(house.create("orders", Algorithm::kAes256Gcm));
  int done = 0;
  std::string last;
  for (int life = 0; life < 6; ++life) {
    Process process(house, policy);
    Process other(house, policy);
    for (int i = 0; i < 120; ++i) {
      last = use(i % 3 == 0 ? other : process);
      done += last.empty() ? 1 : 0;
    }
  }
  Process final(house, policy);
  while (use(final).empty()) ++done;
  EXPECT_EQ(use(final), "key_exhausted");
  EXPECT_LE(done, 1000);
  EXPECT_GT(done, 900);  // what a restart costs is little
  must(house.rotate("orders"));
  EXPECT_EQ(use(final), "");
}

TEST_P(Limited, bytes_are_limited_too) {
  policy.max_bytes = 10'000;
  must(house.create("orders", Algorithm::kAes256Gcm));
  const Bytes kilo(1000, 7);
  std::int64_t bytes = 0;
  for (int life = 0; life < 3; ++life) {
    Process process(house, policy);
    for (int i = 0; i < 2; ++i) bytes += use(process, kilo).empty() ? 1000 : 0;
  }
  Process final(house, policy);
  while (use(final, kilo).empty()) bytes += 1000;
  EXPECT_EQ(use(final, kilo), "key_exhausted");
  EXPECT_LE(bytes, 10'000);
  EXPECT_GE(bytes, 9000);
}

TEST_P(Limited, a_limit_counts_what_was_used_before_it_came) {
  must(house.create("orders", Algorithm::kAes256Gcm));
  Process process(house, policy);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(use(process), "");
  must(process.usage.flush("node-1", 0));
  policy.max_operations = 40;
  process.limits.forget();
  int more = 0;
  while (use(process).empty()) ++more;
  EXPECT_EQ(more, 10);
  const UsageTotal total = must(process.usage.total(house.key("orders").id, 1));
  EXPECT_EQ(total.protects, 40);
  EXPECT_EQ(total.bytes, 40 * 14);
  EXPECT_EQ(total.reserved, 40);
}

TEST_P(Limited, a_lower_limit_holds_at_once) {
  policy.max_operations = 100'000;
  must(house.create("orders", Algorithm::kAes256Gcm));
  Process process(house, policy);
  EXPECT_EQ(use(process), "");
  policy.max_operations = 5;
  process.limits.forget();
  EXPECT_EQ(use(process), "key_exhausted");  // others may have used what was reserved
}

TEST_P(Limited, an_overdue_rotation_blocks_when_the_policy_wants_it) {
  policy.at_deadline = rotation::AtDeadline::kBlockProtect;
  must(house.create("orders", Algorithm::kAes256Gcm));
  const WallTime deadline = house.clock.wall() + std::chrono::hours(1);
  Process process(house, policy, deadline);
  const auto sealed = must(process.uses.encrypt(house.key("orders"), 0, {}, kMessage, "app"));
  house.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(use(process), "protect_blocked");
  EXPECT_EQ(reason_of(process.uses.decrypt(house.key("orders"), sealed.content, {}, "app")), "");
  policy.at_deadline = rotation::AtDeadline::kAlert;
  process.limits.forget();
  EXPECT_EQ(use(process), "");
}

TEST_P(Limited, totals_outlive_the_process_and_tell_protecting_from_reading) {
  must(house.create("orders", Algorithm::kAes256Gcm));
  const Key key = house.key("orders");
  {
    Process process(house, policy);
    const auto sealed = must(process.uses.encrypt(key, 0, {}, kMessage, "app"));
    house.clock.advance(std::chrono::minutes(5));
    must(process.uses.decrypt(key, sealed.content, {}, "app"));
    const UsageTotal unflushed = must(process.usage.total(key.id, 1));
    EXPECT_EQ(unflushed.protects, 1);
    must(process.usage.flush("node-1", 0));
  }
  Process process(house, policy);
  const UsageTotal total = must(process.usage.total(key.id, 1));
  EXPECT_EQ(total.protects, 1);
  EXPECT_EQ(total.bytes, 14);
  EXPECT_EQ(*total.last_at - *total.last_protect_at, std::chrono::minutes(5));
  const auto all = must(process.usage.totals_of(std::vector{key.id}));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.at(key.id).protects, 1);
}

class Metered : public Limited {
 protected:
  Key in_rollout(int percent) {
    Key key = house.key("orders");
    key.rollout = {2, percent, Bytes(16, 1)};
    return key;
  }
};
INSTANTIATE_TEST_SUITE_P(Store, Metered, testing::Values(Engine::kSqlite, Engine::kPostgres),
                         [](const auto& each) {
                           return each.param == Engine::kSqlite ? "sqlite" : "postgres";
                         });

TEST_P(Metered, health_is_the_sum_of_all_nodes_at_one_percentage) {
  using std::chrono::milliseconds;
  must(house.create("orders", Algorithm::kAes256Gcm));
  RolloutMeter one(*house.store, house.clock, "node-1"), two(*house.store, house.clock, "node-2");
  const Key key = in_rollout(5);
  for (int i = 0; i < 300; ++i) {
    one.note(key, Cohort::kOld, true, milliseconds(1));
    two.note(key, Cohort::kNew, i % 100 != 0, milliseconds(i < 290 ? 2 : 50));
  }
  must(one.flush());
  must(one.flush());
  one.note(key, Cohort::kOld, true, milliseconds(1));
  must(two.flush());
  const auto health = must(one.health(key.id, key.rollout));
  EXPECT_EQ(health.old_operations, 301);
  EXPECT_EQ(health.old_errors, 0);
  EXPECT_EQ(health.new_operations, 300);
  EXPECT_EQ(health.new_errors, 3);
  EXPECT_NEAR(health.old_p99, 0.001, 0.0003);
  EXPECT_NEAR(health.new_p99, 0.050, 0.015);
  EXPECT_FALSE(health.integrity_failure);
  EXPECT_EQ(must(one.health(key.id, in_rollout(25).rollout)).new_operations, 0);
}

TEST_P(Metered, a_wrong_answer_outlives_the_process_and_ends_the_trust_of_the_node) {
  must(house.create("orders", Algorithm::kAes256Gcm));
  const Key key = in_rollout(5);
  {
    RolloutMeter meter(*house.store, house.clock, "node-1");
    EXPECT_TRUE(meter.trusts(key));
    EXPECT_TRUE(meter.wants_check(key));
    meter.note_wrong(key);
    EXPECT_FALSE(meter.trusts(key));
    EXPECT_FALSE(meter.trusts(in_rollout(25)));
    must(meter.flush());
  }
  RolloutMeter meter(*house.store, house.clock, "node-1");
  meter.note(key, Cohort::kNew, true, std::chrono::milliseconds(1));
  must(meter.flush());
  EXPECT_TRUE(must(meter.health(key.id, key.rollout)).integrity_failure);
  must(house.store->write([&](store::Tx& tx) { return RolloutMeter::forget(tx, key.id); }));
  EXPECT_FALSE(must(meter.health(key.id, key.rollout)).integrity_failure);
}

TEST_P(Metered, checks_the_first_thousand_answers_and_then_one_in_sixteen) {
  must(house.create("orders", Algorithm::kAes256Gcm));
  RolloutMeter meter(*house.store, house.clock, "node-1");
  const Key key = in_rollout(5);
  int checks = 0;
  for (int i = 0; i < 1000; ++i) checks += meter.wants_check(key) ? 1 : 0;
  EXPECT_EQ(checks, 1000);
  for (int i = 0; i < 1600; ++i) checks += meter.wants_check(key) ? 1 : 0;
  EXPECT_EQ(checks, 1100);
}

}  // namespace
}  // namespace kw::keys
