// Eight base64 characters at a time, in one 64-bit word, by arithmetic alone: neither a branch nor
// an address depends on the text, so the same code serves secrets. Bytes of a word are lanes; the
// first character is the top lane.
#pragma once

#include <cstdint>

namespace kw::codec {

/// Which two characters stand for 62 and 63. @source RFC 4648, 4 and 5.
struct Base64Alphabet {
  std::uint8_t c62;
  std::uint8_t c63;
};
inline constexpr Base64Alphabet kBase64Standard{'+', '/'};
inline constexpr Base64Alphabet kBase64Url{'-', '_'};

inline constexpr std::uint64_t kLanes = 0x0101010101010101;

/// 1 in each lane whose value is at least `bound`; lanes hold at most 127, so no sum leaves its
/// lane.
constexpr std::uint64_t lanes_at_least(std::uint64_t lanes, std::uint8_t bound) {
  return (lanes + kLanes * (128 - bound)) >> 7 & kLanes;
}
constexpr std::uint64_t lanes_equal(std::uint64_t lanes, std::uint8_t value) {
  return lanes_at_least(lanes, value) ^ lanes_at_least(lanes, value + 1);
}

/// 48 bits as eight characters.
constexpr std::uint64_t encode_block(std::uint64_t bits, Base64Alphabet alphabet) {
  std::uint64_t x = (bits & 0xFFFFFF000000) << 8 | (bits & 0xFFFFFF);
  x = (x & 0x00FFF00000FFF000) << 4 | (x & 0x00000FFF00000FFF);
  x = (x & 0x0FC00FC00FC00FC0) << 2 | (x & 0x003F003F003F003F);
  // 0 to 25 become A to Z; then a to z lies 6 further on, 0 to 9 lies 75 back.
  const std::uint64_t is62 = lanes_equal(x, 62);
  const std::uint64_t is63 = lanes_at_least(x, 63);
  const std::uint64_t plain =
      x + kLanes * 'A' + lanes_at_least(x, 26) * 6 - lanes_at_least(x, 52) * 75;
  return (plain & ~((is62 | is63) * 0xFF)) + is62 * alphabet.c62 + is63 * alphabet.c63;
}

/// Eight characters as 48 bits. Sets bits of `wrong` when a character is outside the alphabet.
constexpr std::uint64_t decode_block(std::uint64_t text, Base64Alphabet alphabet,
                                     std::uint64_t& wrong) {
  wrong |= text & kLanes * 128;
  const std::uint64_t c = text & kLanes * 127;
  const std::uint64_t upper = lanes_at_least(c, 'A') ^ lanes_at_least(c, 'Z' + 1);
  const std::uint64_t lower = lanes_at_least(c, 'a') ^ lanes_at_least(c, 'z' + 1);
  const std::uint64_t digit = lanes_at_least(c, '0') ^ lanes_at_least(c, '9' + 1);
  const std::uint64_t is62 = lanes_equal(c, alphabet.c62);
  const std::uint64_t is63 = lanes_equal(c, alphabet.c63);
  wrong |= (upper | lower | digit | is62 | is63) ^ kLanes;
  std::uint64_t x = (c & upper * 0xFF) - upper * 'A';
  x += (c & lower * 0xFF) - lower * ('a' - 26);
  x += (c & digit * 0xFF) + digit * (52 - '0');
  x += is62 * 62 + is63 * 63;
  x = (x & 0x3F003F003F003F00) >> 2 | (x & 0x003F003F003F003F);
  x = (x & 0x0FFF00000FFF0000) >> 4 | (x & 0x00000FFF00000FFF);
  return (x & 0x00FFFFFF00000000) >> 8 | (x & 0xFFFFFF);
}

}  // namespace kw::codec
