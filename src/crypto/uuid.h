// Ids that are made close together in time lie close together in an index.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace kw::crypto {

/// A UUID version 7 (RFC 9562 section 5.7): 48 bits of milliseconds since 1970, then 74 random
/// bits. Not for ids that nobody may guess, nor where the time of making is nobody's business.
/// Thread-safe.
std::array<std::uint8_t, 16> uuid_of_time(WallTime time);

template <typename IdType>
IdType id_of_time(WallTime time) {
  return IdType(uuid_of_time(time));
}

}  // namespace kw::crypto
