#include "rotation/duration_text.h"

#include <bit>
#include <charconv>
#include <limits>
#include <optional>

namespace kw::rotation {
namespace {

using std::chrono::seconds;

struct Unit {
  std::string_view name;
  std::int64_t size;
};
constexpr std::int64_t kMinute = 60, kHour = 3'600, kDay = 86'400;
// Largest first: that is also the order in which they must come.
constexpr Unit kDurations[] = {{"y", 365 * kDay}, {"mo", 30 * kDay}, {"w", 7 * kDay}, {"d", kDay},
                               {"h", kHour},      {"min", kMinute},  {"s", 1}};
constexpr Unit kWritten[] = {{"d", kDay}, {"h", kHour}, {"min", kMinute}, {"s", 1}};
constexpr Unit kSizes[] = {{"PiB", std::int64_t{1} << 50}, {"TiB", std::int64_t{1} << 40},
                           {"GiB", std::int64_t{1} << 30}, {"MiB", std::int64_t{1} << 20},
                           {"KiB", std::int64_t{1} << 10}, {"B", 1}};
constexpr std::int64_t kMost = std::int64_t{1} << 62;

Error bad_duration() {
  return error(Code::kInvalidArgument, "bad_duration",
               "a duration is written as 90s, 15min, 12h, 45d, 2w, 1mo, 1y or 1d12h, up to 100y");
}
Error bad_count() {
  return error(Code::kInvalidArgument, "bad_count",
               "a count is a whole number or a power of two: 1000000 or 2^31");
}
Error bad_size() {
  return error(Code::kInvalidArgument, "bad_size",
               "a size is a whole number of B, KiB, MiB, GiB, TiB or PiB: 1TiB");
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Cuts a number without leading zeros off the front.
std::optional<std::int64_t> cut_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(read.ptr - text.data());
  if (read.ec != std::errc() || !is_digit(text[0]) || (length > 1 && text[0] == '0'))
    return std::nullopt;
  text.remove_prefix(length);
  return value;
}

// Cuts the letters of a unit off the front.
std::string_view cut_unit(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && !is_digit(text[length])) ++length;
  const std::string_view unit = text.substr(0, length);
  text.remove_prefix(length);
  return unit;
}

}  // namespace

Result<seconds> parse_duration(std::string_view text) {
  if (text.empty() || text.size() > 64) return bad_duration();
  std::int64_t total = 0;
  const Unit* unit = std::begin(kDurations);
  while (!text.empty()) {
    const auto count = cut_number(text);
    if (!count) return bad_duration();
    const std::string_view name = cut_unit(text);
    while (unit != std::end(kDurations) && unit->name != name) ++unit;
    if (unit == std::end(kDurations) || *count > kDurationMax.count() / unit->size)
      return bad_duration();
    total += *count * unit->size;
    ++unit;
  }
  if (total > kDurationMax.count()) return bad_duration();
  return seconds(total);
}

std::string duration_text(seconds duration) {
  std::int64_t left = duration.count();
  std::string text;
  for (const Unit& unit : kWritten) {
    if (left >= unit.size) text += std::to_string(left / unit.size) + std::string(unit.name);
    left %= unit.size;
  }
  return text.empty() ? "0s" : text;
}

Result<std::int64_t> parse_count(std::string_view text) {
  if (text.empty() || text.size() > 20) return bad_count();
  if (text.starts_with("2^")) {
    text.remove_prefix(2);
    if (text.empty()) return bad_count();
    const auto power = cut_number(text);
    if (!power || *power > 62 || !text.empty()) return bad_count();
    return std::int64_t{1} << *power;
  }
  const auto count = cut_number(text);
  if (!count || *count > kMost || !text.empty()) return bad_count();
  return *count;
}

std::string count_text(std::int64_t count) {
  if (count >= (1 << 16) && std::has_single_bit(static_cast<std::uint64_t>(count)))
    return "2^" + std::to_string(std::countr_zero(static_cast<std::uint64_t>(count)));
  return std::to_string(count);
}

Result<std::int64_t> parse_size(std::string_view text) {
  if (text.empty() || text.size() > 24) return bad_size();
  const auto count = cut_number(text);
  if (!count) return bad_size();
  for (const Unit& unit : kSizes) {
    if (text == unit.name && *count <= kMost / unit.size) return *count * unit.size;
  }
  return bad_size();
}

std::string size_text(std::int64_t bytes) {
  for (const Unit& unit : kSizes) {
    if (bytes >= unit.size && bytes % unit.size == 0)
      return std::to_string(bytes / unit.size) + std::string(unit.name);
  }
  return "0B";
}

}  // namespace kw::rotation
