// Times as people type them.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace kw::cli {

/// "90", "90s", "15m", "2h", "7d"; at most a year. @errors kInvalidArgument(usage)
Result<std::chrono::seconds> parse_duration(const std::string& text);
/// "4 s", "12 min", "3 h", "45 d": rounded, for people.
std::string about(std::chrono::seconds duration);
/// "in 45 d", "3 min ago", "now"; of an RFC 3339 text. "" when it is none.
std::string from_now(const std::string& rfc3339_text);

}  // namespace kw::cli
