#include "store/portable_text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace kw::store {

namespace {

struct Lead {
  std::size_t length;         // of the whole sequence; 0: not a lead byte
  std::uint8_t second_least;  // RFC 3629, section 4: only the second byte has special bounds
  std::uint8_t second_most;
};

Lead lead_of(std::uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// The length of the sequence at the start of `text`, which is not ASCII; 0 when it is malformed.
std::size_t sequence(std::string_view text) {
  const Lead lead = lead_of(static_cast<std::uint8_t>(text[0]));
  if (lead.length == 0 || lead.length > text.size()) return 0;
  const auto second = static_cast<std::uint8_t>(text[1]);
  if (second < lead.second_least || second > lead.second_most) return 0;
  const std::string_view rest = text.substr(2, lead.length - 2);
  const bool good = std::all_of(rest.begin(), rest.end(),
                                [](char c) { return (static_cast<std::uint8_t>(c) >> 6U) == 2; });
  return good ? lead.length : 0;
}

// True when the eight bytes are ASCII without NUL.
bool is_plain_word(const char* text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  constexpr std::uint64_t kHigh = 0x8080808080808080U, kOnes = 0x0101010101010101U;
  return ((word | (word - kOnes)) & kHigh) == 0;
}

}  // namespace

bool is_portable_text(std::string_view text) {
  while (!text.empty()) {
    if (text.size() >= 8 && is_plain_word(text.data())) {
      text.remove_prefix(8);
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(text[0]);
    if (byte == 0) return false;
    const std::size_t length = byte < 0x80 ? 1 : sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace kw::store
