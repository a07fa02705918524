// A changed key is read again before it is handed out, and its messages are reserved ahead.
#include <thread>

#include "keys/house_for_test.h"
#include "keys/jwks.h"
#include "keys/message_budget.h"
#include "keys/operations.h"
#include "keys/snapshot_cache.h"
#include "keys/usage.h"
#include "observe/names.h"

namespace kw::keys {
namespace {

const ByteView kMessage = as_bytes("attack at dawn");

class Refreshed : public testing::Test {
 protected:
  Refreshed() {
    house.keyring->warm_by([this](const Key& key) { uses.warm(key); });
  }
  std::shared_ptr<const Key> found(const std::string& name) {
    return must(house.keyring->find("acme", name));
  }
  // As the service does it: committed, then refreshed.
  template <typename Work>
  void change(const std::string& name, const Work& work) {
    const KeyId id = found(name)->id;
    must(house.store->write([&](store::Tx& tx) -> Status {
      KW_TRY(const Key current, house.keyring->load(tx, "acme", name));
      return work(Change{tx, house.event}, current);
    }));
    house.keyring->refresh(id);
  }
  void rotate(const std::string& name) {
    change(name, [&](Change by, const Key& key) -> Status {
      KW_OK(house.keyring->rotate(by, key, {}));
      return ok();
    });
  }
  std::uint64_t unwrapped() {
    return house.metrics.counter(observe::names::kKeyCacheMisses, "Key versions unwrapped for use")
        .value();
  }
  std::int64_t reserved(const Key& key, std::uint32_t version) {
    return must(budget.reserved(key.id, version));
  }
  // What was queued for the store before has been done.
  void settle() {
    must(house.store->write([](store::Tx&) { return ok(); }));
  }

  TestHouse house;
  UsageLedger usage{*house.store, house.clock};
  MessageBudget budget{*house.store, {}};
  Operations uses{*house.keyring, usage, budget, house.clock};
};

TEST_F(Refreshed, a_key_in_use_is_handed_out_with_its_new_version_ready) {
  must(house.create("k", crypto::Algorithm::kAes256GcmCounted));
  must(uses.encrypt(*found("k"), 0, {}, kMessage, "app"));
  rotate("k");
  const auto kept = house.keyring->kept("acme", "k");
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->primary, 2U);
  settle();  // a store that is slow may come after prepare() has stopped waiting
  EXPECT_GT(reserved(*kept, 2), 0);
  const auto before = unwrapped();
  const std::int64_t ahead = reserved(*kept, 2);
  EXPECT_EQ(must(uses.encrypt(*kept, 0, {}, kMessage, "app")).version, 2U);
  EXPECT_EQ(unwrapped(), before);
  EXPECT_EQ(reserved(*kept, 2), ahead);
}

TEST_F(Refreshed, old_versions_stay_unwrapped) {
  must(house.create("k", crypto::Algorithm::kAes256Gcm));
  const auto sealed = must(uses.encrypt(*found("k"), 0, {}, kMessage, "app"));
  rotate("k");
  const auto before = unwrapped();
  must(uses.decrypt(*found("k"), sealed.content, {}, "app"));
  EXPECT_EQ(unwrapped(), before);
}

TEST_F(Refreshed, a_key_that_is_not_in_use_is_forgotten) {
  must(house.create("k", crypto::Algorithm::kAes256Gcm));
  rotate("k");
  EXPECT_EQ(house.keyring->kept("acme", "k"), nullptr);
  EXPECT_EQ(found("k")->primary, 2U);
}

TEST_F(Refreshed, a_stopped_version_is_forgotten_with_its_material) {
  must(house.create("k", crypto::Algorithm::kAes256Gcm));
  const auto sealed = must(uses.encrypt(*found("k"), 0, {}, kMessage, "app"));
  rotate("k");
  change("k", [&](Change by, const Key& key) -> Status {
    Keyring::Move stop;
    stop.to = VersionState::kSuspended;
    KW_OK(house.keyring->move(by, key, 1, stop));
    return ok();
  });
  EXPECT_EQ(house.keyring->kept("acme", "k"), nullptr);
  EXPECT_EQ(reason_of(uses.decrypt(*found("k"), sealed.content, {}, "app")), "version_state");
}

TEST_F(Refreshed, a_key_set_shows_the_new_version_at_once) {
  NewKey wanted = wanted_key("t", crypto::Algorithm::kEd25519);
  wanted.labels = {{std::string(kUseLabel), std::string(kUseTokens)}};
  must(house.create(wanted));
  must(uses.sign(*found("t"), 0, kMessage, "app"));
  EXPECT_EQ(must(house.keyring->token_keys("acme"))->front()->versions.size(), 1U);
  rotate("t");
  EXPECT_EQ(must(house.keyring->token_keys("acme"))->front()->versions.size(), 2U);
}

class Budget : public testing::Test {
 protected:
  std::int64_t reserved(MessageBudget& budget) { return must(budget.reserved(key, 1)); }
  void take(MessageBudget& budget, int count) {
    for (int i = 0; i < count; ++i) must(budget.take(key, 1, kLimit));
  }
  // What was queued for the store before has been done.
  void settle() {
    must(house.store->write([](store::Tx&) { return ok(); }));
  }

  static constexpr std::int64_t kLimit = std::int64_t{1} << 32;
  TestHouse house;
  const KeyId key = must(house.create("k", crypto::Algorithm::kAes256Gcm)).id;
};

TEST_F(Budget, is_refilled_before_a_block_is_used_up) {
  MessageBudget budget(*house.store, {4096});
  take(budget, 3072);
  settle();
  EXPECT_EQ(reserved(budget), 4096);
  take(budget, 1);
  settle();
  EXPECT_EQ(reserved(budget), 2 * 4096);
  take(budget, 3 * 4096);
  settle();
  EXPECT_GE(reserved(budget), 3073 + 3 * 4096);
}

TEST_F(Budget, never_goes_beyond_its_stop_and_stops_asking_there) {
  MessageBudget budget(*house.store, {2048, 5000});  // stops at 3,750
  take(budget, 3750);
  EXPECT_EQ(reason_of(budget.take(key, 1, kLimit)), "key_exhausted");
  settle();
  EXPECT_EQ(reserved(budget), 3750);
}

TEST_F(Budget, counts_at_least_what_was_used_before_a_crash) {
  {
    MessageBudget budget(*house.store, {4096, 20'000});  // stops at 15,000
    take(budget, 5000);
  }
  settle();
  MessageBudget budget(*house.store, {4096, 20'000});
  int more = 0;
  while (budget.take(key, 1, kLimit)) ++more;
  EXPECT_LE(5000 + more, 15'000);
  EXPECT_GT(more, 0);
}

TEST_F(Budget, is_refilled_by_one_while_many_take) {
  MessageBudget budget(*house.store, {2048});
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { take(budget, 10'000); });
  for (std::thread& thread : threads) thread.join();
  settle();
  EXPECT_GE(reserved(budget), 40'000);
  EXPECT_LE(reserved(budget), 40'000 + 2 * 2048);
}

TEST_F(Budget, holds_a_lower_ceiling_at_once_also_while_it_is_refilled) {
  MessageBudget budget(*house.store, {2048});
  Ceiling ceiling;
  ceiling.algorithm_messages = kLimit;
  for (int i = 0; i < 1600; ++i) must(budget.take(key, 1, ceiling, 0));
  ceiling.policy_messages = 1700;
  EXPECT_EQ(reason_of(budget.take(key, 1, ceiling, 0)), "key_exhausted");
}

TEST(SnapshotCache, replaces_in_one_step_but_not_what_was_forgotten_since) {
  ForgetClock forgets;
  SnapshotCache cache(1000, forgets);
  Key key;
  key.id = KeyId(std::array<std::uint8_t, 16>{1});
  key.tenant_name = "acme";
  key.name = "k";
  key.epoch = 1;
  cache.put(forgets.ticket(), "acme", "k", key);
  cache.put(forgets.ticket(), "acme", "alias", key);
  const auto ticket = forgets.ticket();
  key.epoch = 3;
  EXPECT_TRUE(cache.replace(ticket, key));
  EXPECT_EQ(cache.find("acme", "k")->epoch, 3);
  EXPECT_EQ(cache.held(key.id)->epoch, 3);
  EXPECT_EQ(cache.find("acme", "alias"), nullptr);  // it may stand for another key now
  key.epoch = 2;
  EXPECT_TRUE(cache.replace(ticket, key));
  EXPECT_EQ(cache.find("acme", "k")->epoch, 3);
  forgets.mark(key.id);
  cache.forget(key.id);
  key.epoch = 4;
  EXPECT_FALSE(cache.replace(ticket, key));
  EXPECT_EQ(cache.find("acme", "k"), nullptr);
}

}  // namespace
}  // namespace kw::keys
