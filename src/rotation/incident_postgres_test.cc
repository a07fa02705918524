// The same statements on the other engine: graph, one incident to its end, one forged row.
#include <gtest/gtest.h>

#include "rotation/incident_world_for_test.h"
#include "store/postgres_fixture.h"

namespace kw::rotation {
namespace {

TEST(IncidentOnPostgres, goes_to_its_end) {
  const auto server = store::PostgresServer::start();
  if (!server) GTEST_SKIP() << "no PostgreSQL on this machine";
  IncidentRoom room("", (*server)->fresh_database());
  World world(room);
  for (const char* name : {"orders", "invoices"}) world.add(key_subject(name));
  Incidents incidents = world.incidents();
  EXPECT_EQ(room.write([&](Change change) -> Status {
    KW_OK(world.graph.import(
        change, R"({"edges":[{"from":"key:acme/orders","to":"key:acme/invoices","type":"wraps"}]})",
        ImportMode::kReplace));
    return ok();
  }),
            "");
  const auto plan = incidents.plan(request_for(room, {"key:acme/orders"}));
  ASSERT_EQ(why(plan), "");
  IncidentId id;
  EXPECT_EQ(room.write([&](Change change) -> Status {
    KW_TRY(const Incident opened, incidents.open(change, *plan));
    id = opened.id;
    return ok();
  }),
            "");
  world.board.live = 1;
  audit::Event by;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(why(incidents.tick(by)), "");
    world.work();
  }
  EXPECT_EQ(why(room.store().read([&](store::Reader& reader) -> Status {
              KW_TRY(const std::string file, incidents.evidence(reader, id));
              EXPECT_EQ(verify_evidence(file, room.verifier_key()).value().problem, "");
              KW_TRY(const auto frozen, incidents.all_frozen(reader));
              EXPECT_TRUE(frozen.empty());
              KW_TRY(const auto all, incidents.list(reader, false, 10));
              EXPECT_EQ(all.size(), 1U);
              return ok();
            })),
            "");
  EXPECT_EQ(world.count("revoke"), 2);
}

}  // namespace
}  // namespace kw::rotation
