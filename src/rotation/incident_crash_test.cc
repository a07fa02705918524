// Kill -9 at every write of an incident: what follows goes on, and nothing happens twice.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/failpoint.h"
#include "rotation/incident_world_for_test.h"

namespace kw::rotation {
namespace {

#ifdef KW_FAILPOINTS

class Folder {
 public:
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = IncidentRoom::new_folder();
};

void prepare(const std::string& folder, IncidentMode mode) {
  IncidentRoom room(folder);
  World world(room);
  for (const char* name : {"orders", "invoices"}) world.add(key_subject(name));
  Incidents incidents = world.incidents();
  EXPECT_EQ(room.write([&](Change change) -> Status {
    KW_OK(world.graph.add(
        change, {Node{"key:acme/orders"}, Node{"key:acme/invoices"}, EdgeType::kWraps, false, ""}));
    return ok();
  }),
            "");
  IncidentRequest request = request_for(room, {"key:acme/orders"});
  request.mode = mode;
  const auto plan = incidents.plan(request);
  ASSERT_EQ(why(plan), "");
  EXPECT_EQ(room.write([&](Change change) -> Status {
    KW_OK(incidents.open(change, *plan));
    return ok();
  }),
            "");
}

// To the end, or until killed. True when the incident is closed.
bool drive(IncidentRoom& room, World& world) {
  Incidents incidents = world.incidents();
  world.board.live = 1;  // and nobody silent: all have moved
  audit::Event by;
  by.actor = "scheduler";
  for (int i = 0; i < 12; ++i) {
    if (!incidents.tick(by)) return false;
    world.work();
  }
  return room.number("SELECT count(*) FROM incident WHERE open = 0") == 1;
}

// A life that ends at the failpoint; false: it reached the end first.
bool killed_at(const std::string& folder, const std::string& point) {
  const pid_t child = fork();
  if (child == 0) {
    IncidentRoom room(folder);
    World world(room);
    if (!failpoint::arm(point)) _exit(3);
    _exit(drive(room, world) ? 0 : 4);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) return true;
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return false;
}

void expect_once(const std::string& folder) {
  IncidentRoom room(folder);
  World world(room);
  ASSERT_TRUE(drive(room, world));
  EXPECT_EQ(world.count("revoke"), 2);
  EXPECT_EQ(world.count("run"), 2);
  EXPECT_EQ(world.count("job"), 1);
  EXPECT_EQ(room.number("SELECT count(*) FROM incident_freeze"), 0);
  EXPECT_EQ(world.state(key_subject("orders"), 3), "primary");
  std::string file;
  EXPECT_EQ(why(room.store().read([&](store::Reader& reader) -> Status {
              KW_TRY(const auto row, reader.query_one("SELECT evidence FROM incident", {}));
              file = row->text(0);
              return ok();
            })),
            "");
  EXPECT_EQ(verify_evidence(file, room.verifier_key()).value().problem, "");
  audit::Query query;
  query.kind = "incident";
  query.limit = 1'000;
  EXPECT_EQ(static_cast<std::int64_t>(room.log().query(query).value().size()),
            room.number("SELECT count(*) FROM evidence_entry"));
}

struct CrashCase {
  const char* name;
  const char* point;
  IncidentMode mode;
};
class IncidentCrash : public testing::TestWithParam<CrashCase> {};

TEST_P(IncidentCrash, goes_on_after_kill_9_and_does_nothing_twice) {
  int deaths = 0;
  for (int hit = 1; hit < 100; ++hit) {
    const Folder folder;
    prepare(folder.path(), GetParam().mode);
    if (HasFatalFailure()) return;
    const std::string point = std::string(GetParam().point) + "=abort@" + std::to_string(hit);
    SCOPED_TRACE(point);
    const bool killed = killed_at(folder.path(), point);
    expect_once(folder.path());
    if (!killed || HasFailure()) break;
    ++deaths;
  }
  RecordProperty("deaths", deaths);
  EXPECT_GE(deaths, std::string_view(GetParam().point) == "incident.evidence" ? 1 : 10);
}

INSTANTIATE_TEST_SUITE_P(
    Points, IncidentCrash,
    testing::Values(
        CrashCase{"in_a_transaction_continuity", "incident.save", IncidentMode::kContinuityFirst},
        CrashCase{"behind_a_transaction_continuity", "incident.committed",
                  IncidentMode::kContinuityFirst},
        CrashCase{"behind_a_transaction_contain", "incident.committed",
                  IncidentMode::kContainFirst},
        CrashCase{"with_evidence_signed", "incident.evidence", IncidentMode::kContainFirst}),
    [](const auto& one) { return std::string(one.param.name); });

#endif

}  // namespace
}  // namespace kw::rotation
