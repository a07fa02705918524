// Cron expressions of five fields: minute hour day-of-month month day-of-week.
//
// A field is `*` or a list of numbers, names (jan-dec, sun-sat) and ranges, each with an optional
// step: "0,30", "mon-fri", "*/15", "8-18/2". Sunday is 0 and 7. When both days are restricted,
// either is enough (POSIX). Plain values; thread-safe.
//
// Daylight saving: a time in a gap happens once, at the first instant after it; a time in a fold
// happens once, the first time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "rotation/time_zone.h"

namespace kw::rotation {

class Cron {
 public:
  /// @errors kInvalidArgument(bad_cron): the message names the field; also for dates that no year
  ///   has, such as 30 February.
  /// @source POSIX.1-2017, crontab; steps and names as in Vixie cron.
  static Result<Cron> parse(std::string_view text);

  /// The first time later than `after`, or nothing within 9 years of it. About a microsecond.
  std::optional<WallTime> next_after(WallTime after, const TimeZone& zone) const;

 private:
  bool on_day(const LocalTime& at) const;
  bool to_next_day(LocalTime& at, int last_year) const;
  bool to_next_minute(LocalTime& at) const;
  bool possible() const;

  std::uint64_t minutes_ = 0;
  std::uint32_t hours_ = 0, days_ = 0;
  std::uint16_t months_ = 0;
  std::uint8_t weekdays_ = 0;
  bool any_day_ = false, any_weekday_ = false;
};

}  // namespace kw::rotation
