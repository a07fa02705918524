#include "rotation/held_events.h"

#include <gtest/gtest.h>

#include "rotation/incident_room_for_test.h"

namespace kw::rotation {
namespace {

class HeldEvents : public testing::Test {
 protected:
  void hold(const Subject& subject, std::string_view type, std::string_view reporter) {
    EXPECT_EQ(
        room_.write(
            [&](Change change) { return hold_event(change, subject, type, room_.clock().wall()); },
            reporter),
        "");
  }
  int release() {
    audit::Event by;
    by.actor = "keywright";
    Runs runs(room_.log(), room_.clock());  // of the room as it is now
    const auto started = release_events(room_.store(), runs, by);
    EXPECT_EQ(why(started), "");
    return started ? *started : -1;
  }
  std::vector<rotation::Run> runs() {
    std::vector<rotation::Run> all;
    EXPECT_EQ(why(room_.store().read([&](store::Reader& reader) -> Status {
                KW_TRY(all, runs_.list(reader, {}));
                return ok();
              })),
              "");
    return all;
  }

  IncidentRoom room_;
  Runs runs_{room_.log(), room_.clock()};
  const Subject orders_{"key", "acme", "orders"};
};

TEST_F(HeldEvents, wait_for_the_freeze_and_start_one_run_in_the_reporters_name) {
  room_.run("INSERT INTO incident_freeze (subject, incident) VALUES ('key:acme/orders', x'01')");
  hold(orders_, "leak", "hook:scanner");
  hold(orders_, "leaver", "ada");
  EXPECT_EQ(release(), 0);
  EXPECT_TRUE(runs().empty());
  room_.run("DELETE FROM incident_freeze");
  EXPECT_EQ(release(), 1);
  ASSERT_EQ(runs().size(), 1U);
  const rotation::Run run = runs().front();
  EXPECT_EQ(run.subject, orders_);
  EXPECT_EQ(run.trigger, Trigger::kEvent);
  EXPECT_EQ(run.reason, "leak");
  EXPECT_EQ(run.requested_by, "hook:scanner");
  EXPECT_EQ(release(), 0);
}

TEST_F(HeldEvents, wait_for_the_end_of_another_run) {
  EXPECT_EQ(room_.write([&](Change change) -> Status {
    KW_OK(runs_.start(change, orders_, {}));
    return ok();
  }),
            "");
  hold(orders_, "leak", "ada");
  EXPECT_EQ(release(), 0);
  const RunId open = runs().front().id;
  EXPECT_EQ(room_.write([&](Change change) -> Status {
    KW_OK(runs_.abort(change, open));
    return ok();
  }),
            "");
  EXPECT_EQ(release(), 1);
}

TEST_F(HeldEvents, survive_a_kill) {
  hold(orders_, "leak", "ada");
  room_.open_again();
  EXPECT_EQ(release(), 1);
}

}  // namespace
}  // namespace kw::rotation
