#include "codec/strict_text.h"

#include <gtest/gtest.h>

#include <string>

namespace kw::codec {
namespace {

// Written from the definition: decode, then look whether the shortest encoding was used.
std::size_t length_by_definition(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  const unsigned lead = byte(0);
  const std::size_t length = lead < 0x80             ? 1
                             : (lead & 0xE0) == 0xC0 ? 2
                             : (lead & 0xF0) == 0xE0 ? 3
                             : (lead & 0xF8) == 0xF0 ? 4
                                                     : 0;
  if (length == 0 || text.size() < length) return 0;
  unsigned point = length == 1 ? lead : lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3F);
  }
  const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return point < smallest[length] || surrogate || point > 0x10FFFF ? 0 : length;
}

TEST(StrictText, agrees_with_the_definition_for_every_start_of_three_bytes) {
  for (unsigned value = 0; value < 1u << 24; value += value % 7 + 1) {
    const char bytes[] = {static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                          static_cast<char>(value), '\x80'};
    const std::string_view text(bytes, 4);
    ASSERT_EQ(utf8_length(text), length_by_definition(text)) << std::hex << value;
  }
}

TEST(StrictText, agrees_with_the_definition_for_every_pair_and_for_cut_characters) {
  for (unsigned value = 0; value < 1u << 16; ++value) {
    const char bytes[] = {static_cast<char>(value >> 8), static_cast<char>(value), '\x80', '\xBF'};
    for (std::size_t size = 0; size <= 4; ++size) {
      const std::string_view text(bytes, size);
      ASSERT_EQ(utf8_length(text), length_by_definition(text)) << std::hex << value << " " << size;
    }
  }
}

TEST(StrictText, finds_one_bad_byte_at_any_distance) {
  for (std::size_t size = 1; size < 40; ++size) {
    std::string text(size, 'a');
    EXPECT_TRUE(valid_utf8(text));
    for (std::size_t at = 0; at < size; ++at) {
      std::string bad = text;
      bad[at] = '\xFF';
      EXPECT_FALSE(valid_utf8(bad)) << size << " " << at;
    }
  }
  EXPECT_TRUE(valid_utf8(""));
  EXPECT_TRUE(valid_utf8("na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x94\x91"));
}

}  // namespace
}  // namespace kw::codec
