#include "rotation/incident_runs.h"

#include <gtest/gtest.h>

#include "rotation/incident_room_for_test.h"

namespace kw::rotation {
namespace {

class IncidentRunsTest : public testing::Test {
 protected:
  std::string start(ReplaceOrder order = {}) {
    if (order.deadline == WallTime()) order.deadline = room_.clock().wall() + std::chrono::hours(1);
    return room_.write([&](Change change) -> Status {
      KW_TRY(run_, replacement_.start(change, subject_, order));
      return ok();
    });
  }
  rotation::Run show(const std::string& id) {
    rotation::Run found;
    EXPECT_EQ(why(room_.store().read([&](store::Reader& reader) -> Status {
                KW_TRY(found, runs_.show(reader, RunId::parse(id).value()));
                return ok();
              })),
              "");
    return found;
  }
  ReplaceState look(const std::string& id) {
    ReplaceState found;
    EXPECT_EQ(why(room_.store().read([&](store::Reader& reader) -> Status {
                KW_TRY(found, replacement_.look(reader, id));
                return ok();
              })),
              "");
    return found;
  }
  rotation::Run scheduled() {
    rotation::Run run;
    EXPECT_EQ(room_.write([&](Change change) -> Status {
      KW_TRY(run, runs_.start(change, subject_, {}));
      return ok();
    }),
              "");
    return run;
  }

  IncidentRoom room_;
  Runs runs_{room_.log(), room_.clock()};
  RunReplacement replacement_{runs_, room_.clock()};
  Subject subject_{"key", "acme", "orders"};
  std::optional<std::string> run_;
};

TEST_F(IncidentRunsTest, starts_an_emergency_run_once) {
  EXPECT_EQ(start({WallTime(), true, false}), "");
  ASSERT_TRUE(run_.has_value());
  const std::string first = *run_;
  const rotation::Run run = show(first);
  EXPECT_EQ(run.trigger, Trigger::kEmergency);
  EXPECT_EQ(run.rank, 0);
  EXPECT_EQ(run.policy.old_version, OldVersion::kKeepSecondary);
  EXPECT_EQ(run.policy.approvals, 0);
  EXPECT_FALSE(look(first).promoted);
  EXPECT_FALSE(look(first).failed);
  EXPECT_EQ(start(), "");
  EXPECT_EQ(run_, first);
}

TEST_F(IncidentRunsTest, ends_a_run_that_has_made_nothing_yet) {
  const rotation::Run before = scheduled();
  EXPECT_EQ(start(), "");
  ASSERT_TRUE(run_.has_value());
  EXPECT_EQ(show(before.id.text()).state, RunState::kAborted);
  EXPECT_TRUE(look(before.id.text()).failed);
  EXPECT_EQ(show(*run_).policy.old_version, OldVersion::kRetire);
}

TEST_F(IncidentRunsTest, waits_for_a_run_that_unwinds) {
  const rotation::Run before = scheduled();
  EXPECT_EQ(room_.run("UPDATE rotation_run SET state = 'rolling_back'"), "");
  EXPECT_EQ(start(), "");
  EXPECT_FALSE(run_.has_value());
  EXPECT_EQ(show(before.id.text()).state, RunState::kRollingBack);
}

TEST(EmergencyPolicy, never_waits_longer_than_there_is_time) {
  EXPECT_EQ(emergency_policy({}, Seconds(3'600)).acknowledgement_deadline, Seconds(1'800));
  EXPECT_EQ(emergency_policy({WallTime(), true, true}, Seconds(3'600)).acknowledgement_deadline,
            Seconds(1));
  EXPECT_EQ(emergency_policy({}, Seconds(0)).acknowledgement_deadline, Seconds(60));
}

}  // namespace
}  // namespace kw::rotation
