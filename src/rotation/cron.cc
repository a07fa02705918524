#include "rotation/cron.h"

#include <array>
#include <charconv>
#include <chrono>
#include <string>
#include <vector>

namespace kw::rotation {
namespace {

constexpr std::size_t kTextMax = 256;
constexpr int kYearsAhead = 9;  // 29 February is up to 8 years away

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct FieldRule {
  std::string_view name;
  int least, most;
  const std::string_view* words;
  int word_count;
};
constexpr FieldRule kRules[] = {{"minute", 0, 59, nullptr, 0},
                                {"hour", 0, 23, nullptr, 0},
                                {"day of month", 1, 31, nullptr, 0},
                                {"month", 1, 12, kMonths, 12},
                                {"day of week", 0, 7, kWeekdays, 7}};

Error bad_cron(std::string_view why) {
  return error(Code::kInvalidArgument, "bad_cron",
               std::string(why) +
                   "; write minute hour day-of-month month day-of-week, such as \"0 2 * * sat\"");
}
Error bad_field(const FieldRule& rule) {
  return bad_cron("the " + std::string(rule.name) + " must be of " + std::to_string(rule.least) +
                  "-" + std::to_string(rule.most));
}

bool same_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? char(text[i] - 'A' + 'a') : text[i];
    if (c != word[i]) return false;
  }
  return true;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || text.size() > 2 || text[0] == '-' || read.ec != std::errc() ||
      read.ptr != end)
    return std::nullopt;
  return value;
}

Result<int> point(std::string_view text, const FieldRule& rule) {
  for (int i = 0; i < rule.word_count; ++i) {
    if (same_word(text, rule.words[i])) return i + rule.least;
  }
  const auto value = number(text);
  if (!value || *value < rule.least || *value > rule.most) return bad_field(rule);
  return *value;
}

struct Span {
  int first, last;
};

Result<Span> range(std::string_view text, const FieldRule& rule) {
  if (text == "*") return Span{rule.least, rule.words == kWeekdays ? 6 : rule.most};
  const std::size_t dash = text.find('-');
  KW_TRY(const int first, point(text.substr(0, dash), rule));
  if (dash == std::string_view::npos) return Span{first, first};
  KW_TRY(int last, point(text.substr(dash + 1), rule));
  if (last == 0 && rule.words == kWeekdays) last = 7;  // "fri-sun"
  if (first > last)
    return bad_cron("a range of the " + std::string(rule.name) + " runs from low to high");
  return Span{first, last};
}

Result<std::uint64_t> item(std::string_view text, const FieldRule& rule) {
  const std::size_t slash = text.find('/');
  const std::string_view base = text.substr(0, slash);
  KW_TRY(const Span span, range(base, rule));
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto value = number(text.substr(slash + 1));
    if (!value || *value < 1 || *value > rule.most)
      return bad_cron("a step of the " + std::string(rule.name) + " is at least 1, at most " +
                      std::to_string(rule.most));
    if (base != "*" && base.find('-') == std::string_view::npos)
      return bad_cron("a step needs * or a range before it");
    step = *value;
  }
  std::uint64_t bits = 0;
  for (int i = span.first; i <= span.last; i += step) bits |= std::uint64_t{1} << i;
  return bits;
}

Result<std::uint64_t> field(std::string_view text, const FieldRule& rule) {
  std::uint64_t bits = 0;
  while (true) {
    const std::size_t comma = text.find(',');
    KW_TRY(const std::uint64_t more, item(text.substr(0, comma), rule));
    bits |= more;
    if (comma == std::string_view::npos) return bits;
    text.remove_prefix(comma + 1);
  }
}

Result<std::array<std::string_view, 5>> split(std::string_view text) {
  if (text.size() > kTextMax) return bad_cron("a cron expression has at most 256 characters");
  std::array<std::string_view, 5> parts;
  std::size_t count = 0;
  while (true) {
    const std::size_t start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    if (count == parts.size()) return bad_cron("a cron expression has five fields, not more");
    parts[count++] = text.substr(0, end);
    text.remove_prefix(end);
  }
  if (count != parts.size()) return bad_cron("a cron expression has five fields");
  return parts;
}

int days_in(int year, int month) {
  const std::chrono::year_month_day_last last{
      std::chrono::year(year), std::chrono::month_day_last(std::chrono::month(unsigned(month)))};
  return int(unsigned(last.day()));
}

int weekday(const LocalTime& at) {
  const std::chrono::sys_days day = std::chrono::year_month_day{
      std::chrono::year(at.year), std::chrono::month(unsigned(at.month)),
      std::chrono::day(unsigned(at.day))};
  return int(std::chrono::weekday(day).c_encoding());
}

bool has(std::uint64_t bits, int index) {
  return ((bits >> index) & 1) != 0;
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
  KW_TRY(const auto parts, split(text));
  Cron cron;
  KW_TRY(cron.minutes_, field(parts[0], kRules[0]));
  KW_TRY(const std::uint64_t hours, field(parts[1], kRules[1]));
  KW_TRY(const std::uint64_t days, field(parts[2], kRules[2]));
  KW_TRY(const std::uint64_t months, field(parts[3], kRules[3]));
  KW_TRY(std::uint64_t weekdays, field(parts[4], kRules[4]));
  if (has(weekdays, 7)) weekdays |= 1;
  cron.hours_ = static_cast<std::uint32_t>(hours);
  cron.days_ = static_cast<std::uint32_t>(days);
  cron.months_ = static_cast<std::uint16_t>(months);
  cron.weekdays_ = static_cast<std::uint8_t>(weekdays & 0x7F);
  cron.any_day_ = parts[2] == "*";
  cron.any_weekday_ = parts[4] == "*";
  if (!cron.possible()) return bad_cron("no month named here has a day named here");
  return cron;
}

bool Cron::possible() const {
  if (!any_weekday_) return true;
  constexpr int kLeapYear = 2024;
  for (int month = 1; month <= 12; ++month) {
    if (!has(months_, month)) continue;
    for (int day = 1; day <= days_in(kLeapYear, month); ++day) {
      if (has(days_, day)) return true;
    }
  }
  return false;
}

bool Cron::on_day(const LocalTime& at) const {
  if (!has(months_, at.month)) return false;
  const bool day = has(days_, at.day), of_week = has(weekdays_, weekday(at));
  if (any_day_) return of_week;
  if (any_weekday_) return day;
  return day || of_week;
}

// To 00:00 of the next day that matches.
bool Cron::to_next_day(LocalTime& at, int last_year) const {
  at.hour = at.minute = 0;
  ++at.day;
  while (true) {
    if (!has(months_, at.month) || at.day > days_in(at.year, at.month)) {
      at.day = 1;
      if (++at.month > 12) {
        at.month = 1;
        if (++at.year > last_year) return false;
      }
      continue;
    }
    if (on_day(at)) return true;
    ++at.day;
  }
}

// To the first matching minute of this day that is not before `at`.
bool Cron::to_next_minute(LocalTime& at) const {
  for (int hour = at.hour; hour < 24; ++hour) {
    if (!has(hours_, hour)) continue;
    for (int minute = hour == at.hour ? at.minute : 0; minute < 60; ++minute) {
      if (!has(minutes_, minute)) continue;
      at.hour = hour;
      at.minute = minute;
      return true;
    }
  }
  return false;
}

std::optional<WallTime> Cron::next_after(WallTime after, const TimeZone& zone) const {
  LocalTime at = zone.local(after);
  const int last_year = at.year + kYearsAhead;
  at.second = 0;
  // The wall clock may repeat itself (a fold): then the first match lies before `after`.
  ++at.minute;
  while (true) {
    if (on_day(at) && to_next_minute(at)) {
      const WallTime time = zone.instant(at);
      if (time > after) return time;
      ++at.minute;
    } else if (!to_next_day(at, last_year)) {
      return std::nullopt;
    }
  }
}

}  // namespace kw::rotation
