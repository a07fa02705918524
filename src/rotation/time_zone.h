// An IANA time zone of the system's database (package tzdata): what the wall clock shows there.
// Immutable and cheap to copy. The files
// hold transitions up to 2037; from 2038 on a zone keeps its standard time.
//
//   KW_TRY(const TimeZone berlin, TimeZone::find("Europe/Berlin"));
//   const WallTime start = berlin.instant({2027, 3, 28, 2, 30});  // in a gap: 03:00, 01:00 UTC
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace kw::rotation {

/// What a wall clock shows; Gregorian, without leap seconds.
struct LocalTime {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  auto operator<=>(const LocalTime&) const = default;
};

class TimeZone {
 public:
  /// @param name  as in the IANA database, byte by byte: "Europe/Berlin", "UTC".
  /// @errors kInvalidArgument(unknown_zone); kUnavailable(no_time_zones): tzdata is not installed.
  static Result<TimeZone> find(std::string_view name);

  LocalTime local(WallTime time) const;
  /// The instant at which the wall clock shows `local`. In a gap (clocks go forward) the first
  /// instant after it; in a fold (clocks go back) the earlier of the two.
  WallTime instant(const LocalTime& local) const;
  const std::string& name() const;

 private:
  explicit TimeZone(const void* zone) : zone_(zone) {}
  const void* zone_;  ///< an entry of the database, which lives as long as the process
};

}  // namespace kw::rotation
