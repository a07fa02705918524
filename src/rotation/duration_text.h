// Durations, counts and sizes as policies write them, both ways.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kw::rotation {

/// No policy speaks of more than this.
inline constexpr std::chrono::seconds kDurationMax = std::chrono::hours(24 * 365 * 100);

/// One or more whole numbers with a unit, largest unit first, each unit once: "90s", "15min",
/// "12h", "45d", "2w", "1mo", "1y", "1d12h". A month is 30 d and a year 365 d. "0s" is nothing.
/// @errors kInvalidArgument(bad_duration): also beyond 100 years.
Result<std::chrono::seconds> parse_duration(std::string_view text);
/// With d, h, min and s; reads back alike: "45d", "1d12h", "0s". Not negative.
std::string duration_text(std::chrono::seconds duration);

/// A whole number, or a power of two as "2^31". 0 to 2^62.
/// @errors kInvalidArgument(bad_count)
Result<std::int64_t> parse_count(std::string_view text);
/// Powers of two from 2^16 on as "2^31", others as digits.
std::string count_text(std::int64_t count);

/// A whole number of B, KiB, MiB, GiB, TiB or PiB: "512MiB", "1TiB". At most 2^62 bytes.
/// @errors kInvalidArgument(bad_size)
Result<std::int64_t> parse_size(std::string_view text);
/// In the largest unit that divides it: "1TiB", "1000B".
std::string size_text(std::int64_t bytes);

}  // namespace kw::rotation
