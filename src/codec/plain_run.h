// Skips, eight bytes at a time, what needs no attention inside a JSON string.
#pragma once

#include <cstdint>
#include <cstring>

namespace kw::codec {

/// The first byte at or after `at` that is a control character, '"', '\' or not ASCII; `end` when
/// there is none.
template <typename Char>
Char* skip_plain(Char* at, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kTops = 0x8080808080808080;
  while (end - at >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    // Subtracting 1 sets the top bit of a zero byte; a byte below 0x20 borrows from 0x20 alike.
    const std::uint64_t quote = word ^ kOnes * '"';
    const std::uint64_t backslash = word ^ kOnes * '\\';
    const std::uint64_t special =
        (quote - kOnes) | (backslash - kOnes) | (word - kOnes * 0x20) | word;
    if ((special & kTops) != 0) break;
    at += 8;
  }
  while (at != end) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') break;
    ++at;
  }
  return at;
}

}  // namespace kw::codec
