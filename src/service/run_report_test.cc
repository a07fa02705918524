#include "service/run_report.h"

#include <gtest/gtest.h>

#include "rotation/run_machine.h"
#include "service/run_waiting.h"

namespace kw::service {
namespace {

using OneRun = rotation::Run;  // testing::Test has a Run of its own
using rotation::RunState;
using rotation::Step;

const WallTime kStart = from_micros(1'800'000'000'000'000);

WallTime at(int seconds) {
  return kStart + std::chrono::seconds(seconds);
}

OneRun planned_run(RunState state) {
  OneRun run;
  run.subject = {"key", "acme", "orders"};
  run.state = state;
  run.from_version = 1;
  run.to_version = 2;
  run.plan_hash = "00ff";
  run.created_at = kStart;
  run.entered_at = at(10);
  run.policy.min_overlap = rotation::Seconds(3600);
  return run;
}

Step step(RunState state, std::string verb, int seconds, std::string outcome = "ok") {
  return {seconds, state, std::move(verb), std::move(outcome), at(seconds), ""};
}

const RunSubject kKeyNow{2, rotation::Traits{}};

Condition::State state_of(const RunReport& report, std::string_view name) {
  for (const Condition& each : report.checklist)
    if (each.name == name) return each.state;
  ADD_FAILURE() << name;
  return Condition::State::kOpen;
}

TEST(RunReport, shows_what_was_left_and_where_the_run_stands) {
  auto run = planned_run(RunState::kDrain);
  run.percent = 100;
  run.promoted_at = at(5);
  run.problem = "overlap";
  const std::vector<Step> steps = {
      step(RunState::kPlan, "start", 0),
      step(RunState::kDrain, "create_pending,install,test,promote", 5)};
  const RunReport report = report_of(run, steps, kKeyNow, at(20));
  EXPECT_EQ(report.ladder.front().status, Rung::Status::kDone);
  EXPECT_EQ(report.ladder.front().left_at, std::optional(at(5)));
  EXPECT_EQ(report.ladder[static_cast<std::size_t>(RunState::kDrain)].status,
            Rung::Status::kCurrent);
  EXPECT_EQ(state_of(report, "tested"), Condition::State::kMet);
  EXPECT_EQ(state_of(report, "promoted"), Condition::State::kMet);
  EXPECT_EQ(state_of(report, "verified_in_use"), Condition::State::kOpen);
  EXPECT_EQ(state_of(report, "approved"), Condition::State::kNotNeeded);
  EXPECT_FALSE(report.validation);
}

TEST(RunReport, says_until_when_it_waits) {
  auto run = planned_run(RunState::kDrain);
  run.promoted_at = at(0);
  run.problem = "overlap";
  EXPECT_EQ(waiting_words(run), "@1 and @2 to have been valid together until 2027-01-15 09:00:00Z");
  const RunReport report = report_of(run, {}, kKeyNow, at(600));
  EXPECT_EQ(report.expected_end, std::optional(at(3600)));
  EXPECT_EQ(report.deadline, std::optional(at(10 + 3600 + 3600)));
}

TEST(RunReport, passes_over_what_the_subject_cannot_do) {
  const RunReport report = report_of(planned_run(RunState::kArchive), {}, kKeyNow, at(20));
  for (const RunState state : {RunState::kQuarantine, RunState::kRevoke})
    EXPECT_EQ(report.ladder[static_cast<std::size_t>(state)].status, Rung::Status::kSkipped);
  EXPECT_EQ(state_of(report, "old_refused"), Condition::State::kNotNeeded);
}

TEST(RunReport, holds_the_end_against_what_is_there) {
  auto run = planned_run(RunState::kDone);
  run.percent = 100;
  run.promoted_at = at(5);
  run.finished_at = at(65);
  const std::vector<Step> steps = {step(RunState::kDrain, "create_pending,install,test,promote", 5),
                                   step(RunState::kDone, "dispose", 65)};
  RunReport report = report_of(run, steps, kKeyNow, at(70));
  ASSERT_TRUE(report.validation);
  EXPECT_TRUE(report.validation->as_planned);
  EXPECT_EQ(report.validation->took, rotation::Seconds(65));
  EXPECT_TRUE(report.validation->unmet.empty()) << report.validation->unmet.front();
  report = report_of(run, steps, RunSubject{3, rotation::Traits{}}, at(70));
  EXPECT_FALSE(report.validation->as_planned);
  EXPECT_EQ(report.validation->unmet, std::vector<std::string>{"inventory"});
}

TEST(RunReport, a_run_that_went_back_names_what_was_not_met) {
  auto run = planned_run(RunState::kRolledBack);
  run.undoing = RunState::kGenerate;
  run.finished_at = at(30);
  const std::vector<Step> steps = {step(RunState::kRollout, "create_pending,install,test", 5)};
  const RunReport report = report_of(run, steps, RunSubject{1, {}}, at(40));
  ASSERT_TRUE(report.validation);
  EXPECT_FALSE(report.validation->as_planned);
  EXPECT_EQ(state_of(report, "promoted"), Condition::State::kFailed);
  EXPECT_EQ(state_of(report, "tested"), Condition::State::kMet);
}

TEST(RunWaiting, has_words_for_every_reason_that_a_guard_gives) {
  using rotation::Guard;
  auto run = planned_run(RunState::kValidate);
  for (int guard = 0; guard <= static_cast<int>(Guard::kReleased); ++guard) {
    rotation::Evidence none;
    none.fenced = true;
    const std::string_view why = rotation::why_not(static_cast<Guard>(guard), none);
    run.problem = std::string(why);
    if (why.empty() || why == "drift" || why == "not_tested" || why == "rollout") continue;
    EXPECT_NE(waiting_words(run), run.problem) << why;
  }
}

}  // namespace
}  // namespace kw::service
