#include "keys/incident_compromise.h"

#include "cluster/cluster.h"
#include "keys/incident_house_for_test.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;
using rotation::Change;
using rotation::Scope;
using rotation::Subject;

class Suspects : public testing::TestWithParam<Engine> {
 protected:
  Suspects() {
    must(room.house.create("orders", Algorithm::kAes256Gcm));
    must(room.house.rotate("orders"));
    must(room.house.create("invoices", Algorithm::kEd25519));
    must(room.house.create("orders", Algorithm::kAes256Gcm, "globex"));
  }
  std::vector<std::string> texts(const Scope& scope) {
    std::vector<std::string> all;
    for (const Subject& one : must(room.compromise->suspects(scope, room.house.clock.wall())))
      all.push_back(one.text());
    return all;
  }
  std::string revoke(const std::string& name, std::uint32_t version, bool outage = true) {
    return room.write([&](Change change) {
      return room.compromise->revoke(change, key_subject(name), version,
                                     {room.house.clock.wall(), "leak", outage});
    });
  }
  IncidentHouse room{GetParam()};
};

TEST_P(Suspects, are_found_by_name_by_tenant_and_by_caller) {
  must(room.house.change([&](keys::Change change) {
    return room.house.keyring->put_alias(change, "acme", *ObjectName::parse("o"),
                                         *ObjectName::parse("orders"));
  }));
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts({Scope::Kind::kSubject, {"key:acme/o", "key:acme/orders", "kek:acme/kek"}}),
            (Texts{"kek:acme/kek", "key:acme/orders"}));
  EXPECT_EQ(texts({Scope::Kind::kTenant, {"acme"}}),
            (Texts{"kek:acme/kek", "key:acme/invoices", "key:acme/orders"}));
  room.use("orders", "encrypt", "mallory", "10.0.0.1:5", 2);
  must(room.usage.flush("node-1", 1));
  EXPECT_EQ(texts({Scope::Kind::kCaller, {"mallory"}}), Texts{"key:acme/orders"});
  for (const Scope& scope :
       {Scope{Scope::Kind::kSubject, {"key:acme/order"}}, Scope{Scope::Kind::kTenant, {"nobody"}},
        Scope{Scope::Kind::kSubject, {"secret:acme/orders"}},
        Scope{Scope::Kind::kCaller, {"nobody"}}})
    EXPECT_EQ(reason_of(room.compromise->suspects(scope, WallTime())), "not_found")
        << scope.names[0];
}

TEST_P(Suspects, are_told_apart_without_a_word_of_their_material) {
  const auto orders = must(room.compromise->versions(key_subject("orders")));
  const auto again = must(room.compromise->versions(key_subject("orders")));
  const auto invoices = must(room.compromise->versions(key_subject("invoices")));
  ASSERT_EQ(orders.size(), 2u);
  EXPECT_FALSE(orders[0].primary);
  EXPECT_TRUE(orders[1].primary);
  EXPECT_TRUE(rotation::is_fingerprint(orders[0].fingerprint));
  EXPECT_NE(orders[0].fingerprint, orders[1].fingerprint);
  EXPECT_EQ(orders[0].fingerprint, again[0].fingerprint);
  EXPECT_TRUE(rotation::is_fingerprint(invoices[0].fingerprint));
  const auto kek = must(room.compromise->versions(kek_subject("acme")));
  ASSERT_EQ(kek.size(), 1u);
  EXPECT_EQ(kek[0].state, "primary");
}

TEST_P(Suspects, are_marked_with_the_earliest_time_and_cleared) {
  const WallTime now = room.house.clock.wall();
  const auto mark = [&](WallTime at) {
    return room.write([&](Change change) {
      return room.compromise->mark(change, key_subject("orders"), 1, at);
    });
  };
  EXPECT_EQ(mark(now), "");
  EXPECT_EQ(mark(now - std::chrono::hours(2)), "");
  EXPECT_EQ(mark(now - std::chrono::hours(1)), "");
  EXPECT_EQ(room.house.key("orders").version(1)->compromised_at, now - std::chrono::hours(2));
  EXPECT_EQ(room.house.key("orders").version(1)->state, VersionState::kSecondary);
  EXPECT_EQ(room.write([&](Change change) {
    return room.compromise->clear(change, key_subject("orders"), 1);
  }),
            "");
  EXPECT_FALSE(room.house.key("orders").version(1)->compromised_at);
  EXPECT_EQ(revoke("orders", 1), "");
  EXPECT_EQ(room.write([&](Change change) {
    return room.compromise->clear(change, key_subject("orders"), 1);
  }),
            "");
  EXPECT_TRUE(room.house.key("orders").version(1)->compromised_at);
}

TEST_P(Suspects, once_revoked_are_refused_and_the_key_goes_on) {
  const Key before = room.house.key("orders");
  const auto sealed = must(room.uses.encrypt(before, 0, {}, as_bytes("x"), "app"));
  EXPECT_EQ(revoke("orders", 2), "");
  EXPECT_EQ(revoke("orders", 2), "");  // again changes nothing
  EXPECT_EQ(revoke("orders", 1), "");
  const auto refusal = must(room.compromise->await_refusal(key_subject("orders"), 2));
  EXPECT_TRUE(refusal.everywhere);
  EXPECT_GE(refusal.took_ms, 20);
  EXPECT_FALSE(refusal.residual.empty());
  const auto key = must(room.house.keyring->find("acme", "orders"));
  EXPECT_EQ(reason_of(room.uses.decrypt(*key, sealed.content, {}, "app")), "version_state");
  EXPECT_EQ(key->primary, 3u);
  EXPECT_EQ(key->versions.size(), 3u);
  EXPECT_EQ(must(room.uses.encrypt(*key, 0, {}, as_bytes("x"), "app")).version, 3u);
  EXPECT_EQ(room.house.key("orders", "globex").primary, 1u);
}

TEST_P(Suspects, that_are_not_revoked_are_not_proved_refused) {
  EXPECT_FALSE(must(room.compromise->await_refusal(key_subject("orders"), 1)).everywhere);
}

TEST_P(Suspects, that_wait_for_their_destruction_cannot_come_back) {
  ASSERT_EQ(revoke("orders", 1), "");
  must(room.house.create("old", Algorithm::kAes256Gcm));
  must(room.house.rotate("old"));
  for (const auto state :
       {VersionState::kRetired, VersionState::kArchived, VersionState::kDestroying})
    must(room.house.move("old", 1, state));
  EXPECT_EQ(revoke("old", 1), "");
  EXPECT_EQ(room.state("old", 1), "revoked");
  must(room.house.move("orders", 1, VersionState::kDestroying));
  EXPECT_EQ(revoke("orders", 1), "");
  EXPECT_EQ(room.state("orders", 1), "destroying");
  EXPECT_TRUE(must(room.compromise->await_refusal(key_subject("orders"), 1)).everywhere);
}

TEST_P(Suspects, of_the_kind_kek_are_refused_when_nothing_lies_under_them) {
  const Subject kek = kek_subject("acme");
  EXPECT_EQ(room.write([&](Change change) -> Status {
    KW_OK(room.compromise->mark(change, kek, 1, room.house.clock.wall()));
    return room.compromise->revoke(change, kek, 1, {room.house.clock.wall(), "leak", true});
  }),
            "");
  rotation::Refusal refusal;
  for (int i = 0; i < 2'000 && !refusal.everywhere; ++i) {
    refusal = must(room.compromise->await_refusal(kek, 1));
    if (!refusal.everywhere) must(room.feed->catch_up(std::chrono::milliseconds(2000)));
  }
  EXPECT_TRUE(refusal.everywhere);
  const auto versions = must(room.compromise->versions(kek));
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].state, "retired");
  EXPECT_TRUE(versions[1].primary);
  EXPECT_EQ(must(room.uses.encrypt(room.house.key("orders"), 0, {}, as_bytes("x"), "a")).version,
            2u);
}

INSTANTIATE_TEST_SUITE_P(OnBothStores, Suspects,
                         testing::Values(Engine::kSqlite, Engine::kPostgres));

TEST(TheRevocationBarrier, waits_once_for_what_was_announced_before) {
  IncidentHouse room;
  RevocationBarrier barrier(*room.house.store, *room.feed, std::chrono::milliseconds(150));
  const auto timed = [&](std::string_view what) {
    const auto began = std::chrono::steady_clock::now();
    must(barrier.await(what));
    return std::chrono::steady_clock::now() - began;
  };
  EXPECT_GE(timed("key:1"), std::chrono::milliseconds(150));
  EXPECT_LT(timed("key:2"), std::chrono::milliseconds(100));
  const auto announce = [&](std::string_view what) {
    must(room.house.store->write([&](store::Tx& tx) { return cluster::announce(tx, what); }));
  };
  announce("key:2");
  EXPECT_LT(timed("key:1"), std::chrono::milliseconds(100));  // not touched by it
  EXPECT_GE(timed("key:2"), std::chrono::milliseconds(150));
  barrier.stop();
  announce("key:2");
  EXPECT_EQ(reason_of(barrier.await("key:2")), "stopping");
}

}  // namespace
}  // namespace kw::keys
