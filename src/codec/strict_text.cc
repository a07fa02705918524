#include "codec/strict_text.h"

#include <cstdint>
#include <cstring>

namespace kw::codec {

namespace {
bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}
}  // namespace

// RFC 3629, 4: UTF8-2 = %xC2-DF UTF8-tail; UTF8-3 bars E0 80-9F (overlong) and ED A0-BF
// (surrogates); UTF8-4 bars F0 80-8F (overlong) and F4 90-BF (above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4 || !continues(text, 1)) return 0;
  if (lead < 0xE0) return 2;
  const auto second = static_cast<unsigned char>(text[1]);
  if (!continues(text, 2)) return 0;
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = lead == 0xF0 && second < 0x90;
  const bool too_high = lead == 0xF4 && second >= 0x90;
  return overlong || too_high || !continues(text, 3) ? 0 : 4;
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    std::uint64_t word = 0;
    if (text.size() >= 8) std::memcpy(&word, text.data(), 8);
    const bool eight_ascii = text.size() >= 8 && (word & 0x8080808080808080) == 0;
    const std::size_t length = eight_ascii ? 8 : utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace kw::codec
