// What a run looks like to people: its ladder of states, what it waits for in words, when it is
// late, what was checked before, during and after, and the validation report at its end. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rotation/runs.h"

namespace kw::service {

/// One rung: a working state of the run.
struct Rung {
  rotation::RunState state = rotation::RunState::kPlan;
  enum class Status : std::uint8_t {
    kOpen,
    kCurrent,
    kDone,
    kSkipped,
    kUndone
  } status = Status::kOpen;
  std::optional<WallTime> left_at;
};
std::string_view rung_status_name(Rung::Status status);

/// One condition of the checklist.
struct Condition {
  std::string_view phase;  ///< "before", "during", "after"
  std::string_view name;   ///< stable: "preflight", "tested" …
  enum class State : std::uint8_t { kOpen, kMet, kNotNeeded, kFailed } state = State::kOpen;
  std::optional<WallTime> at;
  std::string detail;
};
std::string_view condition_state_name(Condition::State state);

/// How a finished run ended, held against what is there now.
struct Validation {
  bool as_planned = false;  ///< done, and the subject's primary is the version that the run made
  std::uint32_t primary = 0;
  rotation::Seconds took{0};
  int discarded = 0;               ///< new versions that were thrown away
  int failed_steps = 0;            ///< tries that did not succeed
  int late_states = 0;             ///< states that took longer than planned
  std::vector<std::string> unmet;  ///< conditions that were not met
};

struct RunReport {
  std::vector<Rung> ladder;
  std::string waits_for;                 ///< a sentence; "" when it moves or has ended
  std::optional<WallTime> deadline;      ///< of the present state
  std::optional<WallTime> expected_end;  ///< by plan, when nobody is waited for
  std::vector<Condition> checklist;
  std::optional<Validation> validation;  ///< of a finished run
};

/// What there is of the subject now; nothing when it is gone.
struct RunSubject {
  std::uint32_t primary = 0;
  rotation::Traits traits;
};
RunReport report_of(const rotation::Run& run, std::span<const rotation::Step> steps,
                    const std::optional<RunSubject>& subject, WallTime now);

}  // namespace kw::service
