#include "cli/duration.h"

#include <charconv>

#include "base/clock.h"

namespace kw::cli {

namespace {
constexpr std::int64_t kLongest = 365LL * 86400;
}  // namespace

Result<std::chrono::seconds> parse_duration(const std::string& text) {
  std::int64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, failure] = std::from_chars(text.data(), last, number);
  const std::string unit(end, last);
  const std::int64_t factor = unit.empty() || unit == "s" ? 1
                              : unit == "m"               ? 60
                              : unit == "h"               ? 3600
                              : unit == "d"               ? 86400
                                                          : 0;
  if (failure != std::errc{} || factor == 0 || number < 0 || number > kLongest / factor)
    return error(Code::kInvalidArgument, "usage",
                 "\"" + text + "\" is not a time such as 90s, 15m or 2h");
  return std::chrono::seconds(number * factor);
}

std::string about(std::chrono::seconds duration) {
  const std::int64_t seconds = duration.count();
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 2 * 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 2 * 86400) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

std::string from_now(const std::string& text) {
  const auto at = parse_rfc3339(text);
  if (!at) return "";
  const auto away = std::chrono::round<std::chrono::seconds>(*at - SystemClock().wall());
  if (away.count() == 0) return "now";
  return away.count() > 0 ? "in " + about(away) : about(-away) + " ago";
}

}  // namespace kw::cli
