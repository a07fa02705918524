// A whole incident over real keys: contained, reported, replaced, revoked, closed with evidence.
#include "cluster/cluster.h"
#include "keys/incident_house_for_test.h"
#include "keys/suspicion.h"

namespace kw::keys {
namespace {

using crypto::Algorithm;
using rotation::Change;
using rotation::Incident;
using rotation::IncidentMode;
using rotation::IncidentPhase;

class Flow : public testing::TestWithParam<Engine> {
 protected:
  Flow() {
    for (const char* name : {"orders", "invoices"})
      must(room.house.create(name, Algorithm::kAes256Gcm));
    must(room.house.rotate("orders"));
  }
  rotation::IncidentRequest request(std::vector<std::string> names) {
    rotation::IncidentRequest wanted;
    wanted.scope.names = std::move(names);
    wanted.mode = IncidentMode::kContainFirst;
    wanted.reason = "leak";
    wanted.compromised_since = room.house.clock.wall() - std::chrono::hours(1);
    return wanted;
  }
  Incident open(const rotation::IncidentRequest& wanted) {
    const auto plan = must(incidents.plan(wanted));
    std::optional<Incident> made;
    EXPECT_EQ(room.write([&](Change change) -> Status {
      KW_TRY(made, incidents.open(change, plan));
      return ok();
    }),
              "");
    return *made;
  }
  Incident show(const IncidentId& id) {
    std::optional<Incident> found;
    must(room.house.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(found, incidents.show(reader, id));
      return ok();
    }));
    return *found;
  }
  std::string evidence(const IncidentId& id) {
    std::string text;
    must(room.house.store->read([&](store::Reader& reader) -> Status {
      KW_TRY(text, incidents.evidence(reader, id));
      return ok();
    }));
    return text;
  }
  IncidentHouse room{GetParam()};
  rotation::Incidents incidents = room.incidents();
};

TEST_P(Flow, contain_first_leaves_nothing_usable_and_proves_it) {
  const Key before = room.house.key("orders");
  const auto sealed = must(room.uses.encrypt(before, 0, {}, as_bytes("x"), "app"));
  const Incident incident = open(request({"key:acme/orders"}));
  EXPECT_TRUE(room.house.key("orders").version(1)->compromised_at);
  room.settle(incidents);
  const Incident now = show(incident.id);
  EXPECT_EQ(now.phase, IncidentPhase::kClosed) << now.problem;
  EXPECT_EQ(room.state("orders", 1), "revoked");
  EXPECT_EQ(room.state("orders", 2), "revoked");
  EXPECT_EQ(room.house.key("orders").primary, 3u);
  EXPECT_EQ(room.house.key("invoices").primary, 1u);
  EXPECT_EQ(
      reason_of(room.uses.decrypt(room.house.key("orders"), sealed.content, {}, "app")),
      "version_state");
  const std::string key = must(room.house.log->verifier_key());
  std::string file = evidence(incident.id);
  EXPECT_EQ(must(rotation::verify_evidence(file, key)).problem, "");
  file[file.size() / 2] ^= 1;
  const auto damaged = rotation::verify_evidence(file, key);
  EXPECT_TRUE(!damaged || !damaged->good());
}

TEST_P(Flow, a_suspect_kek_is_rotated_and_its_keys_are_made_anew) {
  const Incident incident = open(request({"kek:acme/kek"}));
  std::vector<rotation::IncidentItem> items;
  must(room.house.store->read([&](store::Reader& reader) -> Status {
    KW_TRY(items, incidents.items(reader, incident.id));
    return ok();
  }));
  ASSERT_EQ(items.size(), 3u);  // the KEK, and by the derived edges what it wraps
  EXPECT_EQ(items[1].mode, rotation::CascadeMode::kReissue);
  // The job re-wraps in a thread of its own.
  const auto late = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (show(incident.id).phase < IncidentPhase::kContained &&
         std::chrono::steady_clock::now() < late) {
    room.settle(incidents);
    must(room.feed->catch_up(std::chrono::milliseconds(2000)));
  }
  EXPECT_GE(show(incident.id).phase, IncidentPhase::kContained);
  EXPECT_EQ(must(room.compromise->versions(kek_subject("acme")))[0].state, "retired");
}

TEST_P(Flow, a_drill_changes_nothing_real) {
  rotation::IncidentRequest wanted = request({"key:acme/orders", "key:acme/invoices"});
  wanted.drill = true;
  const Incident incident = open(wanted);
  room.settle(incidents);
  const Incident now = show(incident.id);
  EXPECT_EQ(now.phase, IncidentPhase::kClosed) << now.problem;
  EXPECT_EQ(room.house.key("orders").primary, 2u);
  EXPECT_FALSE(room.house.key("orders").version(2)->compromised_at);
  Keyring::Filter filter;
  filter.tenant = kDrillTenant;
  EXPECT_EQ(must(room.house.keyring->list(filter)).keys.size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(OnBothStores, Flow, testing::Values(Engine::kSqlite, Engine::kPostgres));

}  // namespace
}  // namespace kw::keys
