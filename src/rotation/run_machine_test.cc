#include "rotation/run_machine.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "rotation/crash_matrix.h"
#include "rotation/invariants.h"

namespace kw::rotation {
namespace {

const WallTime kNow = from_micros(1'800'000'000'000'000);

Run in(RunState state, RunState resumes_to = RunState::kPlan) {
  Run run;
  run.state = state;
  run.resumes_to = resumes_to;
  run.undoing = RunState::kPromote;
  return run;
}

std::string after(Run run, Move move) {
  const Status made = make_move(run, move, kNow);
  return made ? std::string(run_state_name(run.state)) : made.error().reason;
}

constexpr Move kMoves[] = {Move::kAdvance,  Move::kPause,   Move::kResume,     Move::kAbort,
                           Move::kRollBack, Move::kUnwound, Move::kRegenerate, Move::kAskOperator,
                           Move::kRetry,    Move::kSwapped};

// Every pair of state and move that is legal, and where it leads; all others are refused.
TEST(RunMachine, knows_these_moves_and_no_others) {
  std::string legal;
  for (int s = 0; s < kRunStateCount; ++s) {
    const auto state = static_cast<RunState>(s);
    legal += std::string(run_state_name(state)) + ":";
    for (const Move move : kMoves) {
      const std::string to = after(in(state, RunState::kRollout), move);
      if (to != "invalid_run_transition") legal += " " + std::string(move_name(move)) + ">" + to;
    }
    legal += "\n";
  }
  EXPECT_EQ(legal,
            "plan: advance>approve pause>paused abort>aborted ask_operator>needs_operator\n"
            "approve: advance>generate pause>paused abort>aborted ask_operator>needs_operator\n"
            "generate: advance>stage pause>paused roll_back>rolling_back regenerate>generate"
            " ask_operator>needs_operator\n"
            "stage: advance>validate pause>paused roll_back>rolling_back regenerate>generate"
            " ask_operator>needs_operator swapped>promote\n"
            "validate: advance>rollout pause>paused roll_back>rolling_back regenerate>generate"
            " ask_operator>needs_operator swapped>promote\n"
            "rollout: advance>promote pause>paused roll_back>rolling_back"
            " ask_operator>needs_operator swapped>promote\n"
            "promote: advance>drain pause>paused roll_back>rolling_back"
            " ask_operator>needs_operator\n"
            "drain: advance>quarantine pause>paused roll_back>rolling_back"
            " ask_operator>needs_operator\n"
            "quarantine: advance>revoke pause>paused roll_back>rolling_back"
            " ask_operator>needs_operator\n"
            "revoke: advance>archive pause>paused ask_operator>needs_operator\n"
            "archive: advance>done pause>paused ask_operator>needs_operator\n"
            "done:\n"
            "paused: resume>rollout roll_back>rolling_back\n"
            "rolling_back: unwound>rolling_back ask_operator>needs_operator\n"
            "rolled_back:\n"
            "aborted:\n"
            "needs_operator: roll_back>rolling_back retry>rollout\n");
}

TEST(RunMachine, passes_no_guard_without_evidence) {
  Evidence none;
  none.fenced = true;
  for (const StateRow& row : state_table()) {
    if (row.guard == Guard::kNone) continue;
    EXPECT_NE(why_not(row.guard, none), "") << run_state_name(row.state);
  }
  EXPECT_EQ(why_not(Guard::kNone, none), "");
  EXPECT_EQ(why_not(Guard::kNone, Evidence{}), "fenced");
}

TEST(RunMachine, unwinds_one_state_after_the_other) {
  auto run = in(RunState::kQuarantine);
  ASSERT_TRUE(make_move(run, Move::kRollBack, kNow));
  std::string path;
  while (run.state == RunState::kRollingBack) {
    path += std::string(run_state_name(run.undoing)) + " ";
    ASSERT_TRUE(make_move(run, Move::kUnwound, kNow));
  }
  EXPECT_EQ(path, "quarantine drain promote rollout validate stage generate ");
  EXPECT_EQ(run.state, RunState::kRolledBack);
  EXPECT_EQ(run.finished_at, kNow);
}

std::string verb_text(const std::optional<Verb>& verb) {
  return verb ? std::string(verb_name(*verb)) : "-";
}

// docs/formats/runs.md holds the same table.
TEST(RunMachine, is_the_table_of_the_documentation) {
  std::ifstream file(KW_RUNS_DOCUMENT);
  ASSERT_TRUE(file.is_open()) << KW_RUNS_DOCUMENT;
  std::stringstream text;
  text << file.rdbuf();
  for (const StateRow& row : state_table()) {
    std::ostringstream line;
    line << "| " << run_state_name(row.state) << " | " << verb_text(row.verb) << " | "
         << guard_name(row.guard) << " | " << run_state_name(row.next) << " | "
         << verb_text(row.undo) << " | " << guard_name(row.undo_guard) << " | "
         << move_name(row.on_definite_fail) << " | " << (row.abortable ? "yes" : "no") << " | "
         << (row.reversible ? "yes" : "no") << " | " << (row.swappable ? "yes" : "no") << " |";
    EXPECT_NE(text.str().find(line.str()), std::string::npos) << line.str();
  }
}

struct Case {
  RunState state;
  bool pending, old;
  Resume resume;
};

TEST(CrashMatrix, decides_by_what_works) {
  const auto resume = [](RunState state, bool pending, bool old) {
    auto run = in(state);
    run.from_version = 1;
    run.to_version = 2;
    run.staged_at = kNow;
    Observed seen;
    seen.pending_accepted = pending;
    seen.old_accepted = old;
    return resume_after_look(run, seen).resume;
  };
  const Case cases[] = {
      {RunState::kStage, true, true, Resume::kGoOn},
      {RunState::kStage, true, false, Resume::kPromoteNow},
      {RunState::kStage, false, true, Resume::kGoOn},
      {RunState::kStage, false, false, Resume::kAskOperator},
      {RunState::kValidate, true, true, Resume::kGoOn},
      {RunState::kValidate, true, false, Resume::kPromoteNow},
      {RunState::kValidate, false, true, Resume::kInstallAgain},
      {RunState::kValidate, false, false, Resume::kAskOperator},
      {RunState::kRollout, true, true, Resume::kGoOn},
      {RunState::kRollout, true, false, Resume::kPromoteNow},
      {RunState::kRollout, false, true, Resume::kInstallAgain},
      {RunState::kRollout, false, false, Resume::kAskOperator},
      {RunState::kPromote, true, true, Resume::kGoOn},
      {RunState::kPromote, true, false, Resume::kGoOn},
      {RunState::kPromote, false, true, Resume::kInstallAgain},
      {RunState::kPromote, false, false, Resume::kAskOperator},
      {RunState::kQuarantine, true, false, Resume::kGoOn},
      {RunState::kQuarantine, false, true, Resume::kAskOperator},
      {RunState::kDrain, false, false, Resume::kAskOperator},
      {RunState::kRollingBack, false, true, Resume::kGoOn},
      {RunState::kRollingBack, false, false, Resume::kAskOperator},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(resume(each.state, each.pending, each.old), each.resume)
        << run_state_name(each.state) << " " << each.pending << each.old;
  }
  Observed drifted;
  drifted.drift = "owner_changed";
  EXPECT_EQ(resume_after_look(in(RunState::kStage), drifted).resume, Resume::kAskOperator);
}

std::string broken(const Run* before, const Run& now) {
  const Status checked = check_invariants(before, now);
  return checked ? "" : checked.error().reason;
}

TEST(Invariants, stop_what_must_never_be_written) {
  auto before = in(RunState::kPromote);
  before.plan_hash = "h";
  before.from_version = 3;
  before.to_version = 4;
  before.staged_at = kNow;
  auto now = before;
  now.epoch = 1;
  EXPECT_EQ(broken(&before, now), "");
  now.state = RunState::kDrain;
  EXPECT_EQ(broken(&before, now), "invariant_order");  // never promoted
  now.promoted_at = kNow;
  EXPECT_EQ(broken(&before, now), "");
  now.policy.approvals = 1;
  EXPECT_EQ(broken(&before, now), "invariant_plan");
  now.policy.approvals = 0;
  now.to_version = 5;
  EXPECT_EQ(broken(&before, now), "invariant_version");
  now.to_version = 2;
  EXPECT_EQ(broken(&before, now), "invariant_version");
  now.to_version = 4;
  now.from_version = 2;
  EXPECT_EQ(broken(&before, now), "invariant_version");
  now.from_version = 3;
  now.staged_at.reset();
  EXPECT_EQ(broken(&before, now), "invariant_primary");
  EXPECT_EQ(broken(&now, before), "invariant_version");  // the epoch went back
  before.state = RunState::kDone;
  EXPECT_EQ(broken(&before, now), "invariant_finished");
}

}  // namespace
}  // namespace kw::rotation
