#include "keys/incident_history.h"

#include "keys/incident_house_for_test.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;
using PastUse = rotation::Use;

std::string text(const PastUse& use) {
  return use.principal + " " + use.peer + " " + use.operation + " v" + std::to_string(use.version) +
         " " + std::to_string(use.count) + " refused " + std::to_string(use.refused);
}

class History : public testing::TestWithParam<Engine> {
 protected:
  History() {
    must(room.house.create("orders", Algorithm::kAes256Gcm));
    must(room.house.create("invoices", Algorithm::kAes256Gcm));
  }
  std::vector<std::string> uses(WallTime from) {
    std::vector<std::string> all;
    for (const PastUse& use :
         must(room.history->uses(key_subject("orders"), from, room.house.clock.wall())))
      all.push_back(text(use));
    return all;
  }
  IncidentHouse room{GetParam()};
};

TEST_P(History, names_exactly_the_uses_in_the_window_with_their_peers) {
  using Texts = std::vector<std::string>;
  room.use("orders", "encrypt", "app", "10.0.0.1:1", 1);
  room.house.clock.advance(std::chrono::minutes(30));
  const WallTime from = room.house.clock.wall();
  room.use("orders", "decrypt", "app", "10.0.0.1:2", 1, 3);
  room.use("orders", "decrypt", "app", "10.0.0.1:3", 1);
  room.use("orders", "decrypt", "mallory", "[2001:db8::7]:9", 1);
  room.use("invoices", "decrypt", "mallory", "6.6.6.6:6", 1);
  room.refuse("orders", "decrypt", "mallory", "6.6.6.6:6", 1);
  room.house.clock.advance(std::chrono::minutes(1));
  const Texts wanted = {"app 10.0.0.1 decrypt v1 4 refused 0",
                        "mallory 2001:db8::7 decrypt v1 1 refused 0",
                        "mallory 6.6.6.6 decrypt v1 0 refused 1"};
  EXPECT_EQ(uses(from), wanted);
  must(room.usage.flush("node-1", room.accesses->size()));
  EXPECT_EQ(uses(from), wanted);
}

TEST_P(History, finds_uses_under_an_alias) {
  must(room.house.change([&](Change change) {
    return room.house.keyring->put_alias(change, "acme", *ObjectName::parse("o"),
                                         *ObjectName::parse("orders"));
  }));
  const WallTime from = room.house.clock.wall();
  room.use("o", "encrypt", "app", "10.0.0.1:1", 1);
  EXPECT_EQ(uses(from), std::vector<std::string>{"app 10.0.0.1 encrypt v1 1 refused 0"});
}

TEST_P(History, knows_of_other_nodes_what_their_ledger_says) {
  const WallTime from = room.house.clock.wall() - std::chrono::hours(2);
  room.use("orders", "encrypt", "app", "10.0.0.1:1", 1);
  UsageLedger other(*room.house.store, room.house.clock);
  const KeyId id = room.house.key("orders").id;
  other.count(id, 1, Operation::kEncrypt, "app", 5);
  other.count(id, 1, Operation::kDecrypt, "eve");
  must(other.flush("node-2", 1));
  must(room.usage.flush("node-1", 1));
  room.house.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(uses(from), (std::vector<std::string>{"app  encrypt v1 5 refused 0",
                                                  "app 10.0.0.1 encrypt v1 1 refused 0",
                                                  "eve  decrypt v1 1 refused 0"}));
}

TEST_P(History, splits_a_batch_over_several_versions_by_the_ledger) {
  must(room.house.rotate("orders"));
  const WallTime from = room.house.clock.wall();
  const KeyId id = room.house.key("orders").id;
  room.usage.count(id, 1, Operation::kDecrypt, "app", 2);
  room.usage.count(id, 2, Operation::kDecrypt, "app", 3);
  audit::Event event;
  event.action = "key.decrypt";
  event.actor = "app";
  event.peer = "10.0.0.1:1";
  event.tenant = "acme";
  event.kind = "key";
  event.object = "orders";
  event.count = 5;
  must(room.accesses->append_and_wait(event));
  room.house.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(uses(from), (std::vector<std::string>{"app 10.0.0.1 decrypt v1 2 refused 0",
                                                  "app 10.0.0.1 decrypt v2 3 refused 0"}));
}

TEST_P(History, tells_who_holds_it_what_it_can_do_and_what_it_opens) {
  EXPECT_EQ(room.write([&](rotation::Change change) {
    rotation::Consumer consumer;
    consumer.tenant = "acme";
    consumer.name = "shop";
    consumer.environment = "production";
    consumer.subjects = {key_subject("orders")};
    return room.consumers.enroll(change, consumer);
  }),
            "");
  const auto holders = must(room.history->holders(key_subject("orders")));
  ASSERT_EQ(holders.size(), 1u);
  EXPECT_EQ(holders[0].name, "shop");
  EXPECT_EQ(must(room.history->holders(key_subject("invoices"))).size(), 0u);
  EXPECT_EQ(must(room.history->abilities(key_subject("orders"))).front(), "encrypt");
  EXPECT_EQ(must(room.history->readable(key_subject("orders"))).size(), 0u);
  room.use("orders", "encrypt", "app", "10.0.0.1:1", 1, 7);
  const auto readable = must(room.history->readable(key_subject("orders")));
  ASSERT_EQ(readable.size(), 1u);
  EXPECT_EQ(readable[0].items, 7);
  EXPECT_FALSE(readable[0].exact);
  room.history->count_references([](const rotation::Subject&) {
    return std::vector<rotation::Readable>{{"acme", "orders.card", 12, true}};
  });
  EXPECT_EQ(must(room.history->readable(key_subject("orders")))[0].items, 12);
  const auto cells = must(room.history->readable(kek_subject("acme")));
  EXPECT_EQ(cells[0].items, 2);
  EXPECT_TRUE(cells[0].exact);
}

INSTANTIATE_TEST_SUITE_P(OnBothStores, History,
                         testing::Values(Engine::kSqlite, Engine::kPostgres));

}  // namespace
}  // namespace kw::keys
