// A schedule that passes faster than the clock: for development servers, demonstrations and tests
// only. Nothing but the question "when next" is asked in scheduled time; runs, leases and
// deadlines of states keep the clock. Pure.
#pragma once

#include "rotation/schedule.h"

namespace kw::rotation {

/// Maps real times to scheduled ones and back: origin + rate * (time - origin).
struct ScheduleRate {
  WallTime origin;  ///< where both are the same: the start of the process
  int rate = 1;     ///< 1 (production) to 10,000 scheduled seconds per second

  WallTime scheduled(WallTime real) const;
  WallTime real(WallTime scheduled) const;
  /// Facts as the schedule sees them: every time in them is a scheduled one.
  SubjectFacts scheduled(SubjectFacts facts) const;
};

/// next_due() of schedule.h in scheduled time; all times of the answer are real again, `why` speaks
/// of scheduled ones. @errors as next_due
Result<Due> next_due(const SubjectFacts& facts, const EffectivePolicy& policy, WallTime now,
                     ByteView jitter_seed, const ScheduleRate& rate);

}  // namespace kw::rotation
