// What will rotate, when and why. Pure.
#pragma once

#include <span>

#include "rotation/policy_document.h"
#include "rotation/schedule.h"

namespace kw::rotation {

struct CalendarEntry {
  Subject subject;
  WallTime at;
  Trigger trigger = Trigger::kSchedule;
  std::string why;
  std::string policy;  ///< that set the number which made it due
  bool forced = false;
  std::vector<std::string> conflicts;  ///< sentences; empty when all is well
};
struct CalendarFreeze {
  std::string name;
  WallTime from, to;
};
struct Calendar {
  WallTime from, to;
  std::vector<CalendarEntry> entries;   ///< by time, then subject
  std::vector<CalendarFreeze> freezes;  ///< blackouts in the time shown, by time
  std::vector<std::string> problems;    ///< subjects that could not be scheduled, and why
};

/// Every rotation in [from, from + length), assuming that each takes as long as planned and that
/// use goes on at its present rate.
/// @param length  up to 400 d.
/// @errors kInvalidArgument(bad_range); kResourceExhausted(calendar_too_large): more than 1,000,000
///   entries.
Result<Calendar> make_calendar(std::span<const SubjectFacts> inventory,
                               std::span<const PolicyDocument> documents, WallTime from,
                               Seconds length, ByteView jitter_seed);

}  // namespace kw::rotation
