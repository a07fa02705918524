// The rotation rooms as the operations see them: made once by `app`, part of the House.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "rotation/consumer.h"
#include "rotation/engine.h"
#include "rotation/policy_book.h"
#include "rotation/runs.h"
#include "rotation/schedule_rate.h"

namespace kw::service {

/// What a change of policies announces to every node.
inline constexpr std::string_view kPoliciesChanged = "rotation-policies";

/// Does not own. Every reference outlives every operation.
struct RotationHouse {
  rotation::PolicyBook& policies;
  rotation::Runs& runs;
  rotation::Consumers& consumers;
  rotation::Engine& engine;
  std::vector<rotation::Rotatable*> rotatables;  ///< what calendars and explanations look through
  Bytes jitter_seed;                             ///< the same on every node
  rotation::ScheduleRate schedule_rate;
  bool enabled = true;  ///< false: no engine runs on this node
  // Jobs, re-encryption:
};

}  // namespace kw::service
