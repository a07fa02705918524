// Whose turn it is at which percentage: deterministic, sticky and monotone, the same on every node.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace kw::rotation {

/// HMAC-SHA256(salt, unit) mod 10,000: 0 to 9,999. The first 8 bytes count, big-endian.
int rollout_bucket(ByteView salt, std::string_view unit);
/// True when `unit` applies the new version at `percent` (0 to 100).
bool in_rollout(ByteView salt, std::string_view unit, int percent);

}  // namespace kw::rotation
