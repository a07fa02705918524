#include <array>

#include "codec/base64.h"
#include "codec/json.h"
#include "codec/strict_text.h"
#include "codec/text_template.h"

namespace kw::codec {

namespace {

constexpr std::string_view kLowerHex = "0123456789abcdef";
constexpr std::string_view kUpperHex = "0123456789ABCDEF";

Error not_text(std::string_view what) {
  return error(Code::kInvalidArgument, "not_text", what);
}

bool is_unreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void append_url(std::string_view text, WipedText& out) {
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (is_unreserved(byte)) {
      out += character;
    } else {
      out += '%';
      out += kUpperHex[byte >> 4];
      out += kUpperHex[byte & 15];
    }
  }
}

Status append_json(std::string_view text, WipedText& out) {
  if (!valid_utf8(text)) return not_text("the value is no UTF-8: JSON cannot hold it");
  JsonWriter json;
  json.value(text);
  out += json.text();
  return ok();
}

Status append_shell(std::string_view text, WipedText& out) {
  if (text.find('\0') != text.npos) return not_text("the value holds a NUL: no shell word can");
  out += '\'';
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  out += '\'';
  return ok();
}

std::uint32_t code_point(std::string_view character) {
  constexpr std::array<std::uint8_t, 5> kLeadBits = {0, 0x7F, 0x1F, 0x0F, 0x07};
  std::uint32_t point = static_cast<unsigned char>(character[0]) & kLeadBits[character.size()];
  for (const char c : character.substr(1))
    point = (point << 6) | (static_cast<unsigned char>(c) & 0x3F);
  return point;
}

// Printable in YAML and no line break in any of its versions. @source YAML 1.2.2, 5.1; 1.1, 5.4.
bool is_yaml_plain(std::uint32_t point) {
  if (point < 0x20 || (point >= 0x7F && point < 0xA0)) return false;
  if (point == 0x2028 || point == 0x2029 || point == 0xFEFF) return false;
  return point != 0xFFFE && point != 0xFFFF;
}

void append_yaml_escape(std::uint32_t point, WipedText& out) {
  out += point < 0x100 ? "\\x" : "\\u";
  for (int shift = point < 0x100 ? 4 : 12; shift >= 0; shift -= 4)
    out += kLowerHex[(point >> shift) & 15];
}

Status append_yaml(std::string_view text, WipedText& out) {
  if (!valid_utf8(text)) return not_text("the value is no UTF-8: YAML cannot hold it");
  out += '"';
  while (!text.empty()) {
    const std::string_view character = text.substr(0, utf8_length(text));
    const std::uint32_t point = code_point(character);
    if (point == '"' || point == '\\') out += '\\';
    if (is_yaml_plain(point)) {
      out += character;
    } else {
      append_yaml_escape(point, out);
    }
    text.remove_prefix(character.size());
  }
  out += '"';
  return ok();
}

void append_base64(ByteView value, WipedText& out) {
  const std::size_t before = out.size();
  out.resize(before + base64_size(value.size()));
  write_base64(value, {out.data() + before, out.size() - before});
}

Status append_as(TextEscape escape, ByteView value, WipedText& out) {
  switch (escape) {
    case TextEscape::kUrl:
      append_url(as_text(value), out);
      return ok();
    case TextEscape::kJson:
      return append_json(as_text(value), out);
    case TextEscape::kShell:
      return append_shell(as_text(value), out);
    case TextEscape::kBase64:
      append_base64(value, out);
      return ok();
    case TextEscape::kYaml:
      return append_yaml(as_text(value), out);
    case TextEscape::kNone:
      break;
  }
  out += as_text(value);
  return ok();
}

}  // namespace

Status append_escaped(TextEscape escape, ByteView value, WipedText& out) {
  const auto too_large = [] {
    return error(Code::kTooLarge, "rendered_too_large", "a rendered text has at most 1 MiB");
  };
  // Before it is written: no value makes the text larger than six times its own size.
  if (value.size() > kRenderedBytesMax - out.size()) return too_large();
  KW_OK(append_as(escape, value, out));
  if (out.size() > kRenderedBytesMax) return too_large();
  return ok();
}

}  // namespace kw::codec
