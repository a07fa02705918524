#include <array>
#include <charconv>
#include <cmath>

#include "codec/base64.h"
#include "codec/json.h"
#include "codec/json_number.h"
#include "codec/plain_run.h"
#include "codec/strict_text.h"

namespace kw::codec {

namespace {

constexpr std::size_t kTextAtFirst = 256;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

template <typename Integer>
void append_integer(WipedText& out, Integer number) {
  std::array<char, 24> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + 24, number).ptr);
}

// The escapes of RFC 8785, 3.2.2.2, which are the shortest ones of RFC 8259.
void append_escape(WipedText& out, unsigned char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += kHex[c >> 4];
  out += kHex[c & 15];
}

void append_string(WipedText& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char* end = text.data() + text.size();
    const auto plain = static_cast<std::size_t>(skip_plain(text.data(), end) - text.data());
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text[0]);
    const std::size_t length = utf8_length(text);
    if (byte < 0x80) {
      append_escape(out, byte);
    } else if (length != 0) {
      out.append(text.data(), length);
    } else {
      out += kReplacement;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace

JsonWriter::JsonWriter() {
  text_.reserve(kTextAtFirst);
}

JsonWriter& JsonWriter::open(char bracket, bool object) {
  separate();
  KW_CHECK(depth_ < JsonLimits::kDepthCeiling);
  objects_ = objects_ << 1 | (object ? 1 : 0);
  ++depth_;
  text_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket, bool object) {
  KW_CHECK(depth_ > 0 && in_object() == object && !after_name_);
  objects_ >>= 1;
  --depth_;
  text_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::begin_object() {
  return open('{', true);
}
JsonWriter& JsonWriter::end_object() {
  return close('}', true);
}
JsonWriter& JsonWriter::begin_array() {
  return open('[', false);
}
JsonWriter& JsonWriter::end_array() {
  return close(']', false);
}

// A complete value never ends in an opening bracket, so the last character tells whether one came
// before.
void JsonWriter::separate() {
  if (after_name_) {
    after_name_ = false;
    return;
  }
  KW_CHECK(depth_ == 0 ? text_.empty() : !in_object());
  if (depth_ > 0 && text_.back() != '[') text_ += ',';
}

JsonWriter& JsonWriter::name(std::string_view member) {
  KW_CHECK(depth_ > 0 && in_object() && !after_name_);
  if (text_.back() != '{') text_ += ',';
  append_string(text_, member);
  text_ += ':';
  after_name_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_string(text_, text);
  return *this;
}
JsonWriter& JsonWriter::value(std::int64_t number) {
  separate();
  append_integer(text_, number);
  return *this;
}
JsonWriter& JsonWriter::value(std::uint64_t number) {
  separate();
  append_integer(text_, number);
  return *this;
}
JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  text_ += Es6Number(number).text();
  return *this;
}
JsonWriter& JsonWriter::value(bool flag) {
  separate();
  text_ += flag ? "true" : "false";
  return *this;
}
JsonWriter& JsonWriter::null() {
  separate();
  text_ += "null";
  return *this;
}

JsonWriter& JsonWriter::base64(ByteView bytes) {
  separate();
  text_ += '"';
  const std::size_t before = text_.size();
  text_.resize(before + base64_size(bytes.size()));
  write_base64(bytes, {text_.data() + before, text_.size() - before});
  text_ += '"';
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  KW_CHECK(!json.empty());
  separate();
  text_ += json;
  return *this;
}

WipedText JsonWriter::take() {
  KW_CHECK(depth_ == 0 && !after_name_);
  return std::move(text_);
}

}  // namespace kw::codec
