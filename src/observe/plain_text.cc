#include "observe/plain_text.h"

#include <cstdint>

namespace kw::observe {

namespace {

constexpr std::size_t kTextMax = 8'192;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

// How many bytes `lead` announces; 0 when no character begins with it.
std::size_t announced_length(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

// C0 and C1 controls, delete, line and paragraph separators, and the marks that reorder text
// (Unicode bidirectional algorithm, 2): a terminal or a viewer would act on them.
bool acts(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0x200E || point == 0x200F ||
         (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

void append_escape(std::string& out, char32_t point) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[point >> shift & 15];
}

}  // namespace

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  constexpr Character kInvalid{0xFFFD, 1};
  const std::size_t length = announced_length(byte(0));
  if (length == 0 || text.size() < length) return kInvalid;
  if (length == 1) return {byte(0), 1};
  char32_t point = byte(0) & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return kInvalid;
    point = point << 6 | (byte(i) & 0x3F);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < kSmallest[length] || surrogate || point > 0x10FFFF) return kInvalid;
  return {point, length};
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    if (at >= kTextMax) {
      out += kEllipsis;
      break;
    }
    const std::string_view rest = text.substr(at);
    const Character first = first_character(rest);
    at += first.length;
    if (first.point == '"' || first.point == '\\') out += '\\';
    if (acts(first.point)) {
      append_escape(out, first.point);
    } else if (first.point == 0xFFFD) {
      out += kReplacement;
    } else {
      out += rest.substr(0, first.length);
    }
  }
  out += '"';
}

// Prometheus text format 0.0.4: "label_value can be any sequence of UTF-8 characters, but the
// backslash, double-quote, and line feed characters have to be escaped as \\, \", and \n".
void append_label_value(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const Character first = first_character(text);
    if (first.point == '\n') {
      out += "\\n";
    } else if (first.point == '"' || first.point == '\\') {
      out += '\\';
      out += text[0];
    } else {
      out += first.point == 0xFFFD ? kReplacement : text.substr(0, first.length);
    }
    text.remove_prefix(first.length);
  }
}

}  // namespace kw::observe
