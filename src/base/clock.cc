#include "base/clock.h"

#include <array>
#include <cstdio>

namespace kw {

using std::chrono::microseconds;

WallTime SystemClock::wall() const {
  return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
}
SteadyTime SystemClock::steady() const {
  return std::chrono::steady_clock::now();
}

WallTime FakeClock::wall() const {
  return from_micros(wall_us_.load());
}
SteadyTime FakeClock::steady() const {
  return SteadyTime(microseconds(steady_us_.load()));
}
void FakeClock::advance(microseconds by) {
  wall_us_ += by.count();
  steady_us_ += by.count();
}
void FakeClock::jump_wall(microseconds by) {
  wall_us_ += by.count();
}

std::string rfc3339(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 48> text{};
  int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", int(date.year()),
                    unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                    int(clock.minutes().count()), int(clock.seconds().count()));
  if (clock.subseconds().count() != 0)
    length += std::snprintf(text.data() + length, text.size() - length, ".%06d",
                            int(clock.subseconds().count()));
  return std::string(text.data(), length) + "Z";
}

namespace {
Error bad_time() {
  return error(Code::kInvalidArgument, "bad_time",
               "a time is RFC 3339 in UTC: 2026-11-20T13:00:00Z");
}

// Exactly `width` digits at `text[at]`; -1 when they are not there.
int digits(std::string_view text, std::size_t at, std::size_t width) {
  if (at + width > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// ".5Z" -> 500000; "Z" -> 0; -1 when malformed.
std::int64_t fraction(std::string_view rest) {
  if (rest == "Z") return 0;
  if (rest.size() < 3 || rest.size() > 8 || rest.front() != '.' || rest.back() != 'Z') return -1;
  const std::size_t width = rest.size() - 2;
  std::int64_t value = digits(rest, 1, width);
  for (std::size_t i = width; value >= 0 && i < 6; ++i) value *= 10;
  return value;
}
}  // namespace

Result<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':')
    return bad_time();
  const int y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  const int h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  const std::int64_t us = fraction(text.substr(19));
  if (y < 0 || mo < 0 || d < 0 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59 || us < 0)
    return bad_time();
  const year_month_day date{year(y), month(unsigned(mo)), day(unsigned(d))};
  if (!date.ok()) return bad_time();
  return WallTime(sys_days(date) + hours(h) + minutes(mi) + seconds(s) + microseconds(us));
}

}  // namespace kw
