#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

#include "codec/json_tree.h"
#include "codec/plain_run.h"
#include "codec/strict_text.h"

namespace kw::codec {

namespace {

using Kind = JsonView::Kind;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The value of the four hexadecimal digits at `at`; -1 when they are not there. Reads no further
// than the first other character, so the NUL behind the text stops it.
int hex4(const char* at) {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(at[i]);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

char* write_utf8(char* out, std::uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) {
    *out++ = static_cast<char>(point);
  } else if (point < 0x800) {
    *out++ = static_cast<char>(0xC0 | point >> 6);
    *out++ = tail(0);
  } else if (point < 0x10000) {
    *out++ = static_cast<char>(0xE0 | point >> 12);
    *out++ = tail(6);
    *out++ = tail(0);
  } else {
    *out++ = static_cast<char>(0xF0 | point >> 18);
    *out++ = tail(12);
    *out++ = tail(6);
    *out++ = tail(0);
  }
  return out;
}

// The character of a one-letter escape; NUL when there is no such escape. RFC 8259, 7.
char simple_escape(char letter) {
  switch (letter) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '/':
      return '/';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

// Recursive descent over a mutable text that ends in NUL, which no rule of the grammar accepts: so
// only jumps need to look at end_. Every function leaves at_ behind what it read, or at the fault
// and returns false.
class Parser {
 public:
  Parser(JsonDocument::Tree& tree, const JsonLimits& limits)
      : tree_(tree),
        limits_(limits),
        begin_(tree.text.data()),
        end_(begin_ + tree.text.size()),
        at_(begin_) {}

  Status run() {
    skip_space();
    if (!value({}, 0)) return failure();
    skip_space();
    if (at_ != end_) return failure();
    return ok();
  }

 private:
  enum class Fault : std::uint8_t { kSyntax, kDepth, kTokens, kDuplicate };

  bool fail(Fault fault) {
    fault_ = fault;
    return false;
  }
  Error failure() const;

  void skip_space() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
  }
  TextRange range(const char* from, const char* to) const {
    return {static_cast<std::uint32_t>(from - begin_), static_cast<std::uint32_t>(to - from)};
  }
  bool count_token() { return ++tokens_ <= limits_.tokens_max || fail(Fault::kTokens); }
  JsonNode& add(Kind kind, TextRange name) {
    JsonNode& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.name = name;
    node.next = static_cast<std::uint32_t>(tree_.nodes.size());
    return node;
  }

  bool value(TextRange name, std::size_t depth);
  bool array(TextRange name, std::size_t depth);
  bool object(TextRange name, std::size_t depth);
  bool member(std::size_t depth);
  bool close(std::size_t container);
  bool names_differ(std::size_t object) const;
  bool many_names_differ(std::size_t object) const;
  bool literal(std::string_view word);
  bool number(TextRange name);
  bool digits();
  bool string(TextRange& out);
  bool skip_character();
  bool string_with_escapes(char* start, TextRange& out);
  char* unescape(char* out);
  char* unescape_unicode(char* out);

  JsonDocument::Tree& tree_;
  const JsonLimits& limits_;
  char* begin_;
  const char* end_;
  char* at_;
  std::size_t tokens_ = 0;
  Fault fault_ = Fault::kSyntax;
};

Error Parser::failure() const {
  const std::string place = " (byte " + std::to_string(at_ - begin_) + ")";
  switch (fault_) {
    case Fault::kDepth:
      return error(Code::kInvalidArgument, "json_depth", "the JSON is nested too deeply" + place);
    case Fault::kTokens:
      return error(Code::kInvalidArgument, "json_tokens", "the JSON has too many values" + place);
    case Fault::kDuplicate:
      return error(Code::kInvalidArgument, "json_duplicate_key",
                   "a JSON object has two members of the same name" + place);
    case Fault::kSyntax:
      break;
  }
  return error(Code::kInvalidArgument, "json_syntax", "the text is not valid JSON" + place);
}

bool Parser::value(TextRange name, std::size_t depth) {
  if (!count_token()) return false;
  switch (*at_) {
    case '{':
      return object(name, depth);
    case '[':
      return array(name, depth);
    case '"': {
      TextRange text;
      if (!string(text)) return false;
      add(Kind::kString, name).scalar.text = text;
      return true;
    }
    case 't':
      add(Kind::kBool, name).scalar.boolean = true;
      return literal("true");
    case 'f':
      add(Kind::kBool, name).scalar.boolean = false;
      return literal("false");
    case 'n':
      add(Kind::kNull, name);
      return literal("null");
    default:
      return number(name);
  }
}

bool Parser::literal(std::string_view word) {
  if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, word.size()) != word)
    return fail(Fault::kSyntax);
  at_ += word.size();
  return true;
}

bool Parser::array(TextRange name, std::size_t depth) {
  if (depth >= limits_.depth_max) return fail(Fault::kDepth);
  const std::size_t self = tree_.nodes.size();
  add(Kind::kArray, name);
  ++at_;
  skip_space();
  if (*at_ == ']') return close(self);
  while (value({}, depth + 1)) {
    skip_space();
    if (*at_ == ']') return close(self);
    if (*at_ != ',') return fail(Fault::kSyntax);
    ++at_;
    skip_space();
  }
  return false;
}

bool Parser::object(TextRange name, std::size_t depth) {
  if (depth >= limits_.depth_max) return fail(Fault::kDepth);
  const std::size_t self = tree_.nodes.size();
  add(Kind::kObject, name);
  ++at_;
  skip_space();
  if (*at_ == '}') return close(self);
  while (member(depth + 1)) {
    skip_space();
    if (*at_ == '}') return close(self) && (names_differ(self) || fail(Fault::kDuplicate));
    if (*at_ != ',') return fail(Fault::kSyntax);
    ++at_;
    skip_space();
  }
  return false;
}

bool Parser::member(std::size_t depth) {
  if (*at_ != '"') return fail(Fault::kSyntax);
  TextRange name;
  if (!count_token() || !string(name)) return false;
  skip_space();
  if (*at_ != ':') return fail(Fault::kSyntax);
  ++at_;
  skip_space();
  return value(name, depth);
}

bool Parser::close(std::size_t container) {
  ++at_;
  tree_.nodes[container].next = static_cast<std::uint32_t>(tree_.nodes.size());
  return true;
}

// Small objects are compared pair by pair; large ones are sorted, so that an object made to hurt
// costs n log n.
bool Parser::names_differ(std::size_t object) const {
  constexpr std::size_t kPairwise = 8;
  const auto& nodes = tree_.nodes;
  std::array<std::string_view, kPairwise> few;
  std::size_t count = 0;
  for (std::size_t i = object + 1; i < nodes.size(); i = nodes[i].next, ++count) {
    if (count == kPairwise) return many_names_differ(object);
    few[count] = tree_.view(nodes[i].name);
    auto* const known = few.data() + count;
    if (std::find(few.data(), known, few[count]) != known) return false;
  }
  return true;
}

bool Parser::many_names_differ(std::size_t object) const {
  const auto& nodes = tree_.nodes;
  std::vector<std::string_view> names;
  for (std::size_t i = object + 1; i < nodes.size(); i = nodes[i].next)
    names.push_back(tree_.view(nodes[i].name));
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) == names.end();
}

bool Parser::digits() {
  if (!is_digit(*at_)) return fail(Fault::kSyntax);
  while (is_digit(*at_)) ++at_;
  return true;
}

// RFC 8259, 6: number = [ minus ] int [ frac ] [ exp ]
bool Parser::number(TextRange name) {
  const char* start = at_;
  bool whole = true;
  if (*at_ == '-') ++at_;
  if (*at_ == '0') {
    ++at_;
  } else if (!digits()) {
    return false;
  }
  if (*at_ == '.') {
    whole = false;
    ++at_;
    if (!digits()) return false;
  }
  if (*at_ == 'e' || *at_ == 'E') {
    whole = false;
    ++at_;
    if (*at_ == '+' || *at_ == '-') ++at_;
    if (!digits()) return false;
  }
  std::int64_t integer = 0;
  if (whole && std::from_chars(start, at_, integer).ec == std::errc()) {
    add(Kind::kInteger, name).scalar.integer = integer;
    return true;
  }
  double real = 0;
  if (std::from_chars(start, at_, real).ec != std::errc()) return fail(Fault::kSyntax);
  add(Kind::kDouble, name).scalar.number = real;
  return true;
}

bool Parser::string(TextRange& out) {
  char* start = ++at_;
  for (;;) {
    at_ = skip_plain(at_, end_);
    if (*at_ == '"') {
      out = range(start, at_++);
      return true;
    }
    if (*at_ == '\\') return string_with_escapes(start, out);
    if (!skip_character()) return false;
  }
}

// One character that is not ASCII; RFC 8259, 7 bars bare control characters.
bool Parser::skip_character() {
  if (static_cast<unsigned char>(*at_) < 0x80) return fail(Fault::kSyntax);
  const std::size_t length = utf8_length({at_, static_cast<std::size_t>(end_ - at_)});
  at_ += length;
  return length != 0 || fail(Fault::kSyntax);
}

// Unescapes in place: no escape is shorter than the UTF-8 that it stands for.
bool Parser::string_with_escapes(char* start, TextRange& out) {
  char* write = at_;
  while (*at_ != '"') {
    const char* run = at_;
    if (*at_ == '\\') {
      write = unescape(write);
      if (write == nullptr) return fail(Fault::kSyntax);
      continue;
    }
    at_ = skip_plain(at_, end_);
    if (at_ == run && !skip_character()) return false;
    std::memmove(write, run, static_cast<std::size_t>(at_ - run));
    write += at_ - run;
  }
  ++at_;
  out = range(start, write);
  return true;
}

// Writes what the escape at at_ stands for and steps over it; null when it is malformed.
char* Parser::unescape(char* out) {
  if (at_[1] == 'u') return unescape_unicode(out);
  const char meant = simple_escape(at_[1]);
  if (meant == '\0') return nullptr;
  *out = meant;
  at_ += 2;
  return out + 1;
}

// RFC 8259, 7: characters outside the Basic Multilingual Plane are "a 12-character sequence,
// encoding the UTF-16 surrogate pair". A surrogate on its own stands for nothing and is refused.
char* Parser::unescape_unicode(char* out) {
  const int first = hex4(at_ + 2);
  if (first < 0 || (first >= 0xDC00 && first <= 0xDFFF)) return nullptr;
  at_ += 6;
  if (first < 0xD800 || first > 0xDFFF) return write_utf8(out, static_cast<std::uint32_t>(first));
  const int second = at_[0] == '\\' && at_[1] == 'u' ? hex4(at_ + 2) : -1;
  if (second < 0xDC00 || second > 0xDFFF) return nullptr;
  at_ += 6;
  const int point = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
  return write_utf8(out, static_cast<std::uint32_t>(point));
}

}  // namespace

Status parse_json(JsonDocument::Tree& tree, const JsonLimits& limits) {
  return Parser(tree, limits).run();
}

}  // namespace kw::codec
