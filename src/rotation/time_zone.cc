#include "rotation/time_zone.h"

#include <date/tz.h>

namespace kw::rotation {
namespace {

using std::chrono::seconds;

const date::time_zone& zone_of(const void* zone) {
  return *static_cast<const date::time_zone*>(zone);
}

bool plausible(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool other = (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' || c == '+';
    if (!letter && !other) return false;
  }
  return true;
}

}  // namespace

Result<TimeZone> TimeZone::find(std::string_view name) {
  const Error unknown =
      error(Code::kInvalidArgument, "unknown_zone",
            "no such time zone; write a name of the IANA database: Europe/Berlin, UTC");
  if (!plausible(name)) return unknown;
  try {
    (void)date::get_tzdb();
  } catch (const std::exception&) {
    return error(Code::kUnavailable, "no_time_zones", "install the package tzdata");
  }
  try {
    return TimeZone(date::locate_zone(std::string(name)));
  } catch (const std::exception&) {
    return unknown;
  }
}

LocalTime TimeZone::local(WallTime time) const {
  const auto at = std::chrono::floor<seconds>(time);
  const seconds shown = at.time_since_epoch() + zone_of(zone_).get_info(at).offset;
  const std::chrono::sys_seconds wall(shown);
  const auto day = std::chrono::floor<std::chrono::days>(wall);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(wall - day);
  return {int(date.year()),           int(unsigned(date.month())),  int(unsigned(date.day())),
          int(clock.hours().count()), int(clock.minutes().count()), int(clock.seconds().count())};
}

WallTime TimeZone::instant(const LocalTime& local) const {
  const std::chrono::year_month_day date{std::chrono::year(local.year),
                                         std::chrono::month(unsigned(local.month)),
                                         std::chrono::day(unsigned(local.day))};
  const auto shown = std::chrono::sys_days(date) + std::chrono::hours(local.hour) +
                     std::chrono::minutes(local.minute) + seconds(local.second);
  const date::local_info info =
      zone_of(zone_).get_info(date::local_seconds(shown.time_since_epoch()));
  if (info.result == date::local_info::nonexistent) return info.first.end;
  return shown - info.first.offset;
}

const std::string& TimeZone::name() const {
  return zone_of(zone_).name();
}

}  // namespace kw::rotation
