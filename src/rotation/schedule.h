// When one subject rotates next. Pure: the same facts, policy, time and seed always give the same
// answer, on every node.
//
// The earliest source counts: interval, cron, maximum age, expiry lead, use, volume. Jitter then
// makes an interval end earlier, never later: every subject has a phase, and takes the point of its
// phase in the last tenth (at most 7 d) before the due time; a run that began on its phase leads
// back to it, so delays do not add up. A cron is spread over at most the hour after it. Then the
// next open window outside blackouts; if none opens before the deadline, the last one before; if
// there is none either, and at_deadline is run_anyway, it runs in spite of them. A time that has
// passed means: next chance.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "rotation/policy.h"
#include "rotation/run.h"
#include "rotation/subject.h"

namespace kw::rotation {

struct Due {
  std::optional<WallTime> at;             ///< when to begin; nothing: by hand or by event only
  WallTime base;                          ///< when the policy wants it, before placement
  WallTime by;                            ///< a new primary after this is late
  std::optional<WallTime> hard_deadline;  ///< the new version must be primary by then
  Trigger trigger = Trigger::kSchedule;
  std::string why;      ///< one clause: "interval 45d after 2026-11-20T13:00:00Z"
  bool forced = false;  ///< a closed window or a blackout is overridden by the deadline
};

/// @param jitter_seed  the same on all nodes, and for ever; 1 to 64 bytes.
/// @errors kInvalidArgument(bad_cron | unknown_zone | bad_time): the policy was not checked.
Result<Due> next_due(const SubjectFacts& facts, const EffectivePolicy& policy, WallTime now,
                     ByteView jitter_seed);

/// True when the facts say that the use of the primary demands a rotation now.
bool use_limit_reached(const SubjectFacts& facts, const EffectivePolicy& policy);

}  // namespace kw::rotation
