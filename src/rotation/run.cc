#include "rotation/run.h"

#include <array>

#include "rotation/rotatable.h"

namespace kw::rotation {

namespace {

constexpr std::array<std::string_view, kRunStateCount> kStateNames = {
    "plan",    "approve",      "generate",    "stage",   "validate",      "rollout",
    "promote", "drain",        "quarantine",  "revoke",  "archive",       "done",
    "paused",  "rolling_back", "rolled_back", "aborted", "needs_operator"};
constexpr std::array<std::string_view, 8> kTriggerNames = {
    "schedule", "usage", "volume", "expiry", "manual", "event", "dependency", "emergency"};
constexpr std::array<std::string_view, 11> kVerbNames = {
    "create_pending", "install", "test",       "set_rollout",    "promote", "disable_old",
    "restore_old",    "demote",  "revoke_old", "remove_pending", "dispose"};

}  // namespace

std::string_view run_state_name(RunState state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

Result<RunState> parse_run_state(std::string_view name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i)
    if (kStateNames[i] == name) return static_cast<RunState>(i);
  return error(Code::kInvalidArgument, "bad_run_state", "there is no run state of this name");
}

bool finished(RunState state) {
  return state == RunState::kDone || state == RunState::kRolledBack || state == RunState::kAborted;
}

std::string_view trigger_name(Trigger trigger) {
  return kTriggerNames[static_cast<std::size_t>(trigger)];
}

std::string_view verb_name(Verb verb) {
  return kVerbNames[static_cast<std::size_t>(verb)];
}

}  // namespace kw::rotation
