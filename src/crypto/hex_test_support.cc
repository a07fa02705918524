#include "crypto/hex_test_support.h"

#include "base/check.h"

namespace kw::crypto {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::uint8_t digit(char c) {
  if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  const std::size_t value = kDigits.find(c);
  KW_CHECK(value != std::string_view::npos);
  return static_cast<std::uint8_t>(value);
}

}  // namespace

Bytes from_hex(std::string_view text) {
  KW_CHECK(text.size() % 2 == 0);
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  return out;
}

SecretBytes secret_from_hex(std::string_view text) {
  return SecretBytes::copy_of(from_hex(text));
}

std::string to_hex(ByteView bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

}  // namespace kw::crypto
