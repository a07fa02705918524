#include "base/id.h"

namespace kw::id_text {

std::string encode(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

namespace {
int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}
}  // namespace

Result<std::array<std::uint8_t, 16>> decode(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  bool valid = text.size() == 32;
  for (std::size_t i = 0; valid && i < 16; ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    valid = high >= 0 && low >= 0;
    if (valid) bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (!valid)
    return error(Code::kInvalidArgument, "bad_id", "an id is 32 lower-case hexadecimal digits");
  return bytes;
}

}  // namespace kw::id_text
