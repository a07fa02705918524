// The text of a share, as people keep it: "kws1-" + base64url(seal id 8 | index 1 | threshold 1 |
// share 32 | check 4). The check is the start of a SHA-256 over the rest: it finds typing errors
// and proves nothing. Pure functions, thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "seal/shamir.h"

namespace kw::seal {

using SealId = std::array<std::uint8_t, 8>;

inline constexpr std::size_t kSealKeyBytes = 32;

/// A share with what it says about its seal.
struct SealShare {
  SealId seal_id{};
  int threshold = 0;
  Share share;  ///< the value has 32 bytes
};

WipedText share_text(const SealShare& share);
/// @errors kInvalidArgument(bad_share): not a share, or mistyped. White space around it is refused
/// too.
Result<SealShare> parse_share(std::string_view text);

}  // namespace kw::seal
