#include "rotation/calendar_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "rotation/duration_text.h"

namespace kw::rotation {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

sys_days day_of(WallTime time) {
  return std::chrono::floor<days>(time);
}

// Monday of the week.
sys_days week_of(sys_days day) {
  return day - (std::chrono::weekday(day) - std::chrono::Monday);
}

// ISO 8601: a week belongs to the year of its Thursday.
int week_number(sys_days monday) {
  const sys_days thursday = monday + days(3);
  const std::chrono::year year = std::chrono::year_month_day(thursday).year();
  const sys_days first = year / std::chrono::January / 1;
  return int((thursday - first).count() / 7) + 1;
}

std::string date_text(WallTime time) {
  return rfc3339(time).substr(0, 10);
}
// "11-27 18:00Z"
std::string short_time(WallTime time) {
  const std::string text = rfc3339(time);
  return text.substr(5, 5) + " " + text.substr(11, 5) + "Z";
}

std::string plural(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::size_t conflict_count(const Calendar& calendar) {
  return static_cast<std::size_t>(
      std::count_if(calendar.entries.begin(), calendar.entries.end(),
                    [](const CalendarEntry& entry) { return !entry.conflicts.empty(); }));
}

bool frozen(const Calendar& calendar, sys_days day) {
  return std::any_of(
      calendar.freezes.begin(), calendar.freezes.end(),
      [&](const CalendarFreeze& freeze) { return freeze.from < day + days(1) && day < freeze.to; });
}

std::string freeze_note(const Calendar& calendar, sys_days monday) {
  std::string note;
  for (const CalendarFreeze& freeze : calendar.freezes) {
    const sys_days begin = std::max(day_of(freeze.from), day_of(calendar.from));
    if (begin < monday || begin >= monday + days(7)) continue;
    note += "     × freeze \"" + freeze.name + "\" " + date_text(freeze.from).substr(5) + " to " +
            short_time(freeze.to);
  }
  return note;
}

std::string cell(const Calendar& calendar, const std::map<sys_days, int>& counts, sys_days day) {
  if (day < day_of(calendar.from) || WallTime(day) >= calendar.to) return "   ";
  const auto found = counts.find(day);
  std::array<char, 24> text{};
  if (found == counts.end()) return frozen(calendar, day) ? "  ×" : "  ·";
  // Three places: from 1,000 on in thousands.
  const bool thousands = found->second >= 1000;
  std::snprintf(text.data(), text.size(), thousands ? "%2dk" : "%3d",
                thousands ? found->second / 1000 : found->second);
  return text.data();
}

std::string grid(const Calendar& calendar) {
  std::map<sys_days, int> counts;
  for (const CalendarEntry& entry : calendar.entries) ++counts[day_of(entry.at)];
  std::string text = "         Mo Tu We Th Fr Sa Su\n";
  for (sys_days monday = week_of(day_of(calendar.from)); WallTime(monday) < calendar.to;
       monday += days(7)) {
    std::array<char, 32> week{};
    std::snprintf(week.data(), week.size(), "  W%02d   ", week_number(monday));
    text += week.data();
    for (int i = 0; i < 7; ++i) text += cell(calendar, counts, monday + days(i));
    text += freeze_note(calendar, monday) + "\n";
  }
  return text;
}

// A subject with more entries than anybody reads one by one.
struct Often {
  std::size_t count = 0, conflicts = 0;
  WallTime first, last;
};
constexpr std::size_t kOftenFrom = 21;

std::map<Subject, Often> often_rotated(const Calendar& calendar) {
  std::map<Subject, Often> all;
  for (const CalendarEntry& entry : calendar.entries) {
    Often& one = all[entry.subject];
    if (one.count++ == 0) one.first = entry.at;
    one.last = entry.at;
    if (!entry.conflicts.empty()) ++one.conflicts;
  }
  std::erase_if(all, [](const auto& entry) { return entry.second.count < kOftenFrom; });
  return all;
}

// "4,320"
std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string often_line(const Subject& subject, const Often& all) {
  const auto gap = (all.last - all.first) / static_cast<std::int64_t>(all.count - 1);
  std::string line = "  " + subject.text() + "  every " +
                     duration_text(std::chrono::round<std::chrono::seconds>(gap)) + ", " +
                     grouped(all.count) + " times, next at " + short_time(all.first);
  if (all.conflicts != 0) line += ", " + grouped(all.conflicts) + " with a conflict";
  return line + "\n";
}

std::string summary(const Calendar& calendar) {
  return date_text(calendar.from) + " to " + date_text(calendar.to - std::chrono::microseconds(1)) +
         " UTC: " + plural(calendar.entries.size(), "rotation") + ", " +
         plural(calendar.freezes.size(), "freeze") + ", " +
         plural(conflict_count(calendar), "conflict") + "\n";
}

// RFC 5545, 3.3.11.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == ';' || c == ',') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
      out += c;
    }
  }
  return out;
}

// RFC 5545, 3.1: at most 75 bytes in a line, never inside a character.
void add_line(std::string& out, std::string_view line) {
  std::size_t room = 75;
  while (line.size() > room) {
    std::size_t cut = room;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80) --cut;
    if (cut == 0) cut = room;
    out += std::string(line.substr(0, cut)) + "\r\n ";
    line.remove_prefix(cut);
    room = 74;
  }
  out += std::string(line) + "\r\n";
}

std::string ics_time(WallTime time) {
  std::string text = rfc3339(std::chrono::floor<std::chrono::seconds>(time));
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '-' || c == ':'; }),
             text.end());
  return text;
}

// The nth rotation of a subject on one day keeps its UID whatever the minute.
std::string uid_of(const CalendarEntry& entry, int number) {
  ByteWriter text;
  text.field("keywright/calendar/v1").field(entry.subject.text());
  text.field(date_text(entry.at)).u32(static_cast<std::uint32_t>(number));
  return codec::hex(crypto::sha256(text.bytes())).substr(0, 32) + "@keywright";
}

void add_event(std::string& out, const CalendarEntry& entry, int number, WallTime stamp) {
  std::string description = entry.why;
  if (!entry.policy.empty()) description += "\npolicy " + entry.policy;
  for (const std::string& conflict : entry.conflicts) description += "\nconflict: " + conflict;
  add_line(out, "BEGIN:VEVENT");
  add_line(out, "UID:" + uid_of(entry, number));
  add_line(out, "DTSTAMP:" + ics_time(stamp));
  add_line(out, "DTSTART:" + ics_time(entry.at));
  add_line(out, "SUMMARY:" + escaped("rotate " + entry.subject.text()));
  add_line(out, "DESCRIPTION:" + escaped(description));
  add_line(out, "CATEGORIES:" + escaped(trigger_name(entry.trigger)));
  add_line(out, "TRANSP:TRANSPARENT");
  add_line(out, "END:VEVENT");
}

}  // namespace

std::string calendar_table(const Calendar& calendar, int next_max) {
  std::string text = summary(calendar) + grid(calendar);
  const std::map<Subject, Often> often = often_rotated(calendar);
  const auto alone = [&](const CalendarEntry& entry) { return !often.contains(entry.subject); };
  for (const CalendarEntry& entry : calendar.entries) {
    if (!alone(entry)) continue;
    for (const std::string& conflict : entry.conflicts)
      text += "  !  " + short_time(entry.at) + "  " + entry.subject.text() + "  " + conflict + "\n";
  }
  for (const auto& [subject, all] : often) text += often_line(subject, all);
  int shown = 0;
  for (const CalendarEntry& entry : calendar.entries) {
    if (shown == next_max) break;
    if (!alone(entry)) continue;
    text += (++shown == 1 ? "  next  " : "        ") + short_time(entry.at) + "  " +
            entry.subject.text() + "  " + entry.why + "\n";
  }
  for (const std::string& problem : calendar.problems) text += "  ✗  " + problem + "\n";
  return text;
}

std::string calendar_ics(const Calendar& calendar, WallTime stamp) {
  std::string out;
  add_line(out, "BEGIN:VCALENDAR");
  add_line(out, "VERSION:2.0");
  add_line(out, "PRODID:-//Keywright//rotation calendar//EN");
  std::map<std::string, int> numbers;
  for (const CalendarEntry& entry : calendar.entries) {
    const int number = numbers[entry.subject.text() + date_text(entry.at)]++;
    add_event(out, entry, number, stamp);
  }
  add_line(out, "END:VCALENDAR");
  return out;
}

std::string calendar_json(const Calendar& calendar) {
  codec::JsonWriter out;
  out.begin_object().member("from", rfc3339(calendar.from)).member("to", rfc3339(calendar.to));
  out.name("entries").begin_array();
  for (const CalendarEntry& entry : calendar.entries) {
    out.begin_object().member("subject", entry.subject.text()).member("at", rfc3339(entry.at));
    out.member("trigger", trigger_name(entry.trigger)).member("why", entry.why);
    out.member("policy", entry.policy).member("forced", entry.forced);
    out.name("conflicts").begin_array();
    for (const std::string& conflict : entry.conflicts) out.value(conflict);
    out.end_array().end_object();
  }
  out.end_array().name("freezes").begin_array();
  for (const CalendarFreeze& freeze : calendar.freezes) {
    out.begin_object().member("name", freeze.name).member("from", rfc3339(freeze.from));
    out.member("to", rfc3339(freeze.to)).end_object();
  }
  out.end_array().name("problems").begin_array();
  for (const std::string& problem : calendar.problems) out.value(problem);
  out.end_array().end_object();
  return std::string(out.text());
}

}  // namespace kw::rotation
