// One rotation of one subject, from plan to archive: plain values, as stored in rotation_run.
//
//   plan -> approve -> generate -> stage -> validate -> rollout -> promote -> drain -> quarantine
//        -> revoke -> archive -> done
//   aside: paused, rolling_back, rolled_back, aborted, needs_operator
//
// Which verb belongs to which state, its guard and its compensation: run_machine.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "rotation/policy.h"
#include "rotation/subject.h"

namespace kw::rotation {

enum class RunState : std::uint8_t {
  kPlan,
  kApprove,
  kGenerate,
  kStage,
  kValidate,
  kRollout,
  kPromote,
  kDrain,
  kQuarantine,
  kRevoke,
  kArchive,
  kDone,
  kPaused,
  kRollingBack,
  kRolledBack,
  kAborted,
  kNeedsOperator,
};
inline constexpr int kRunStateCount = 17;
std::string_view run_state_name(RunState state);  ///< "plan" … "needs_operator"
Result<RunState> parse_run_state(std::string_view name);
bool finished(RunState state);  ///< done, rolled_back, aborted

/// Why a run began.
enum class Trigger : std::uint8_t {
  kSchedule,
  kUsage,
  kVolume,
  kExpiry,
  kManual,
  kEvent,
  kDependency,
  kEmergency,
};
std::string_view trigger_name(Trigger trigger);

struct Run {
  RunId id;
  Subject subject;
  std::string type;  ///< SubjectFacts::type when planned; "" before
  RunState state = RunState::kPlan;
  RunState resumes_to = RunState::kPlan;  ///< while paused or needs_operator
  RunState undoing = RunState::kPlan;     ///< while rolling back: whose effect goes next
  Trigger trigger = Trigger::kManual;
  std::string requested_by;        ///< principal, or "scheduler"
  std::string reason;              ///< [a-z0-9_-]{0,64}
  std::uint32_t from_version = 0;  ///< primary when it was planned
  std::uint32_t to_version = 0;    ///< 0 until generated
  std::string algorithm;           ///< of the new version; "" keeps the present one
  EffectivePolicy policy;          ///< frozen when planned
  bool policy_given = false;       ///< policy came with the start: planning keeps it
  int rank = 3;                    ///< 0 emergency, 1 expires within 24 h, 2 overdue, 3 scheduled
  std::string plan_hash;           ///< hex SHA-256 over subject, facts and policy when planned
  std::string approval;            ///< id, or ""
  int percent = 0;                 ///< of the rollout
  Bytes salt;                      ///< 16 bytes: whose turn it is at which percent
  int attempts = 0;                ///< failed tries of the present step
  bool worked = false;             ///< the verb of the present state (and percentage) is done
  int discarded = 0;               ///< new versions that were made and thrown away, at most 3
  std::string problem;             ///< stable reason of the last failure
  WallTime next_at;                ///< when the engine looks again
  WallTime created_at, updated_at, entered_at;  ///< entered_at: of the state or percentage
  std::optional<WallTime> staged_at, promoted_at, finished_at;
  std::int64_t epoch = 0;  ///< compare-and-swap counter
};

}  // namespace kw::rotation
