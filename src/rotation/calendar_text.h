// A calendar as people and programs read it. Pure; all times in UTC.
#pragma once

#include <string>

#include "rotation/calendar.h"

namespace kw::rotation {

/// A grid of weeks with the number of rotations per day, freezes and conflicts, and what is next. A
/// subject with more than 20 entries is one line: how often, how many, and when next.
/// @param next_max  how many entries to list at the end.
std::string calendar_table(const Calendar& calendar, int next_max = 5);
/// An iCalendar object: folded lines, escaped text. The UID of an event hangs on the subject and
/// the time of its policy, so that importing again updates instead of doubling.
/// @source RFC 5545, 3.1, 3.3.11, 3.6.1.
std::string calendar_ics(const Calendar& calendar, WallTime stamp);
std::string calendar_json(const Calendar& calendar);

}  // namespace kw::rotation
