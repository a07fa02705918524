#include "audit/leaf.h"

#include <algorithm>
#include <utility>

#include "audit/leaf_text.h"
#include "codec/strict_text.h"

namespace kw::audit {

namespace {

constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53) - 1;

// Consumes the text from the left. Every method returns false, or none, at the first deviation.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool done() const { return at_ == end_; }
  bool at_string() const { return at_ != end_ && *at_ == '"'; }

  /// A string with its quotes; `out` gets what stands between them.
  bool string(std::string_view& out) {
    if (!take('"')) return false;
    const char* begin = at_;
    while (true) {
      while (at_ != end_ && kPlainText[static_cast<unsigned char>(*at_)]) ++at_;
      if (at_ == end_) return false;
      if (*at_ == '"') break;
      if (!(*at_ == '\\' ? escape() : character())) return false;
    }
    out = {begin, static_cast<std::size_t>(at_ - begin)};
    ++at_;
    return true;
  }

  bool integer(std::int64_t& out) {
    const bool negative = take('-');
    const char* begin = at_;
    std::int64_t value = 0;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9' && at_ - begin < 17)
      value = value * 10 + (*at_++ - '0');
    const bool leading_zero = at_ - begin > 1 && *begin == '0';
    if (at_ == begin || leading_zero || value > kIntegerMax || (negative && value == 0))
      return false;
    out = negative ? -value : value;
    return true;
  }

 private:
  bool character() {
    const std::size_t length = codec::utf8_length({at_, static_cast<std::size_t>(end_ - at_)});
    if (length < 2) return false;  // a control character must be escaped
    at_ += length;
    return true;
  }
  // RFC 8785, 3.2.2.2: \b \t \n \f \r \" \\ and, for the other control characters, \u00 with
  // lower-case digits.
  bool escape() {
    const std::string_view rest(at_ + 1, static_cast<std::size_t>(end_ - at_ - 1));
    if (rest.empty()) return false;
    if (std::string_view("btnfr\"\\").find(rest[0]) != std::string_view::npos) {
      at_ += 2;
      return true;
    }
    if (rest.size() < 5 || rest.substr(0, 3) != "u00" || (rest[3] != '0' && rest[3] != '1'))
      return false;
    const auto digit = std::string_view("0123456789abcdef").find(rest[4]);
    // 08, 09, 0a, 0c and 0d have short forms.
    const bool short_form =
        rest[3] == '0' && (digit == 8 || digit == 9 || digit == 10 || digit == 12 || digit == 13);
    if (digit == std::string_view::npos || short_form) return false;
    at_ += 6;
    return true;
  }

  const char* at_;
  const char* end_;
};

struct TextMember {
  std::string_view name;
  std::string_view Leaf::*place;
};
constexpr TextMember kTexts[] = {
    {"action", &Leaf::action},     {"from_state", &Leaf::from_state},
    {"kind", &Leaf::kind},         {"node", &Leaf::node},
    {"note", &Leaf::note},         {"object", &Leaf::object},
    {"outcome", &Leaf::outcome},   {"time", &Leaf::time},
    {"to_state", &Leaf::to_state},
};

void keep(Leaf& leaf, std::string_view name, std::string_view value) {
  for (const TextMember& member : kTexts)
    if (member.name == name) leaf.*member.place = value;
}
void keep(Leaf& leaf, std::string_view name, std::int64_t value) {
  if (name == "version") leaf.version = value;
  if (name == "count") leaf.count = value;
  if (name == "demoted") leaf.demoted = value;
}

bool read_value(Scanner& in, Leaf& leaf, std::string_view name) {
  if (in.at_string()) {
    std::string_view value;
    if (!in.string(value)) return false;
    keep(leaf, name, value);
    return true;
  }
  std::int64_t value = 0;
  if (!in.integer(value)) return false;
  keep(leaf, name, value);
  return true;
}

// Our names are lower-case ASCII words, which bytes and UTF-16 code units sort alike.
bool is_member_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool read_object(Scanner& in, Leaf& leaf) {
  if (!in.take('{')) return false;
  std::string_view previous;
  do {
    std::string_view name;
    if (!in.string(name) || !is_member_name(name) || name <= previous || !in.take(':'))
      return false;
    if (!read_value(in, leaf, name)) return false;
    previous = name;
  } while (in.take(','));
  return in.take('}') && in.done();
}

}  // namespace

Result<Leaf> parse_leaf(std::string_view text) {
  Scanner in(text);
  Leaf leaf;
  if (!read_object(in, leaf))
    return error(Code::kInvalidArgument, "not_canonical", "a record is not in canonical form");
  return leaf;
}

}  // namespace kw::audit
