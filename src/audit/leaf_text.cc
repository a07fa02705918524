#include "audit/leaf_text.h"

#include <cstdint>

#include "audit/event.h"
#include "codec/strict_text.h"

namespace kw::audit {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kCut = "\xE2\x80\xA6";

std::size_t plain_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && kPlainText[static_cast<unsigned char>(text[length])]) ++length;
  return length;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '\\';
  switch (c) {
    case '\b':
      out += 'b';
      return;
    case '\t':
      out += 't';
      return;
    case '\n':
      out += 'n';
      return;
    case '\f':
      out += 'f';
      return;
    case '\r':
      out += 'r';
      return;
    case '"':
    case '\\':
      out += c;
      return;
    default:
      break;
  }
  out += "u00";
  out += kHex[static_cast<unsigned char>(c) >> 4];
  out += kHex[static_cast<unsigned char>(c) & 15];
}

// The longest beginning of at most `bytes_max` bytes that does not end inside a character.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  for (int back = 0; back < 3 && end > 0; ++back, --end)
    if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80) break;
  return text.substr(0, end);
}

enum class Escapes : bool { kNone, kJson };

void append_text(std::string& out, std::string_view text, Escapes escapes) {
  while (!text.empty()) {
    const std::size_t plain = plain_length(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const std::size_t length = codec::utf8_length(text);
    const bool control = static_cast<unsigned char>(text[0]) < 0x20;
    if (length == 0 || (control && escapes == Escapes::kNone))
      out += kReplacement;
    else if (length == 1 && escapes == Escapes::kJson)
      append_escaped(out, text[0]);
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text, std::size_t bytes_max) {
  const std::string_view kept = cut(text, bytes_max);
  out += '"';
  append_text(out, kept, Escapes::kJson);
  if (kept.size() < text.size()) out += kCut;
  out += '"';
}

std::string column_text(std::string_view text) {
  if (text.size() <= kFieldBytesMax && plain_length(text) == text.size()) return std::string(text);
  std::string out;
  const std::string_view kept = cut(text, kFieldBytesMax);
  append_text(out, kept, Escapes::kNone);
  if (kept.size() < text.size()) out += kCut;
  return out;
}

}  // namespace kw::audit
