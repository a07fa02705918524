#include "keys/incident_shadows.h"

#include "keys/incident_house_for_test.h"
#include "keys/suspicion.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;
using rotation::Subject;

constexpr std::string_view kIncident = "3f1d0c5a9b7e4f20a1b2c3d4e5f60718";

class Shadows : public testing::TestWithParam<Engine> {
 protected:
  IncidentHouse room{GetParam()};
};

TEST_P(Shadows, stand_in_once_and_leave_nothing) {
  must(room.house.create("orders", Algorithm::kAes256Gcm));
  must(room.house.create("tokens", Algorithm::kEd25519));
  const Subject orders = must(room.shadows->make(room.by, kIncident, key_subject("orders")));
  EXPECT_EQ(must(room.shadows->make(room.by, kIncident, key_subject("orders"))), orders);
  const Subject tokens = must(room.shadows->make(room.by, kIncident, key_subject("tokens")));
  EXPECT_NE(orders, tokens);
  EXPECT_TRUE(IncidentShadows::is_shadow(orders));
  EXPECT_FALSE(IncidentShadows::is_shadow(key_subject("orders")));
  EXPECT_EQ(room.house.key(tokens.name, tokens.tenant).versions.back().algorithm,
            Algorithm::kEd25519);
  must(room.house.change([&](Change change) {
    return room.house.keyring->rotate(change, room.house.key(orders.name, orders.tenant), {});
  }));
  must(room.shadows->remove(room.by, kIncident));
  must(room.shadows->remove(room.by, kIncident));
  room.house.keyring->forget_all();
  EXPECT_EQ(reason_of(room.house.keyring->find(orders.tenant, orders.name)), "not_found");
  EXPECT_EQ(room.house.key("orders").primary, 1u);
  Keyring::Filter filter;
  filter.tenant = kDrillTenant;
  EXPECT_EQ(must(room.house.keyring->list(filter)).keys.size(), 0u);
}

TEST_P(Shadows, stay_while_their_run_is_open) {
  must(room.house.create("orders", Algorithm::kAes256Gcm));
  const Subject orders = must(room.shadows->make(room.by, kIncident, key_subject("orders")));
  std::optional<rotation::Run> run;
  EXPECT_EQ(room.write([&](rotation::Change change) -> Status {
    KW_TRY(run, room.runs.start(change, orders, {}));
    return ok();
  }),
            "");
  EXPECT_EQ(reason_of(room.shadows->remove(room.by, kIncident)), "shadow_busy");
  EXPECT_EQ(room.write([&](rotation::Change change) -> Status {
    KW_OK(room.runs.abort(change, run->id));
    return ok();
  }),
            "");
  EXPECT_EQ(reason_of(room.shadows->remove(room.by, kIncident)), "");
}

TEST_P(Shadows, of_a_kek_are_the_kek_of_the_drill_tenant) {
  EXPECT_EQ(must(room.shadows->make(room.by, kIncident, kek_subject("acme"))).text(),
            "kek:drill/kek");
}

TEST_P(Shadows, alone_can_be_removed_so) {
  must(room.house.create("orders", Algorithm::kAes256Gcm));
  const Key key = room.house.key("orders");
  EXPECT_EQ(reason_of(room.house.change([&](Change change) {
              return remove_stand_in(*room.house.keyring, change, key);
            })),
            "not_a_stand_in");
}

INSTANTIATE_TEST_SUITE_P(OnBothStores, Shadows,
                         testing::Values(Engine::kSqlite, Engine::kPostgres));

}  // namespace
}  // namespace kw::keys
