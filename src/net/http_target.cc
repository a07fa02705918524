#include "net/http_target.h"

#include <array>
#include <cstdint>

namespace kw::net {

namespace {

constexpr std::array<bool, 256> path_characters() {
  std::array<bool, 256> allowed{};
  for (unsigned char c = '0'; c <= '9'; ++c) allowed[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) allowed[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) allowed[c] = true;
  for (unsigned char c : std::string_view("-._~!$&'()*+,;=:@/")) allowed[c] = true;
  return allowed;
}
constexpr std::array<bool, 256> kPathCharacters = path_characters();

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The byte that "%xx" at `at` stands for, or -1.
int encoded_byte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// RFC 3629 section 4: shortest forms only, no surrogates, nothing above U+10FFFF.
class Utf8Check {
 public:
  bool complete() const { return missing_ == 0; }
  bool accept(int byte) {
    if (missing_ > 0) return accept_tail(byte);
    if (byte < 0x80) return true;
    if (byte < 0xC2 || byte > 0xF4) return false;
    missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    least_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    most_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
    return true;
  }

 private:
  bool accept_tail(int byte) {
    if (byte < least_ || byte > most_) return false;
    least_ = 0x80;
    most_ = 0xBF;
    --missing_;
    return true;
  }
  int missing_ = 0;
  int least_ = 0x80;
  int most_ = 0xBF;
};

/// The rule that the encoded byte breaks, or "".
std::string_view encoded_byte_problem(int byte) {
  if (byte < 0) return "a percent sign must begin two hexadecimal digits";
  if (byte < 0x20 || byte == 0x7F) return "the path holds an encoded control character";
  if (byte == '/' || byte == '.' || byte == '\\')
    return "the path holds an encoded slash, dot or backslash";
  return "";
}

std::string_view characters_problem(std::string_view path) {
  Utf8Check utf8;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto c = static_cast<unsigned char>(path[i]);
    if (kPathCharacters[c]) {
      if (!utf8.complete()) return "the path's percent encodings are not UTF-8";
      continue;
    }
    if (c != '%') return "the path holds a character that must be percent-encoded";
    const int byte = encoded_byte(path, i);
    if (const auto problem = encoded_byte_problem(byte); !problem.empty()) return problem;
    if (!utf8.accept(byte)) return "the path's percent encodings are not UTF-8";
    i += 2;
  }
  return utf8.complete() ? "" : "the path's percent encodings are not UTF-8";
}

std::string_view segments_problem(std::string_view path) {
  for (std::size_t slash = 0; slash != std::string_view::npos;) {
    const std::size_t next = path.find('/', slash + 1);
    const bool last = next == std::string_view::npos;
    const auto segment = path.substr(slash + 1, last ? std::string_view::npos : next - slash - 1);
    if (segment == "." || segment == "..") return "the path holds a dot segment";
    if (segment.empty() && !last) return "the path holds an empty segment";
    slash = next;
  }
  return "";
}

std::string_view query_problem(std::string_view query) {
  for (std::size_t i = 0; i < query.size(); ++i) {
    const auto c = static_cast<unsigned char>(query[i]);
    if (c <= 0x20 || c >= 0x7F || c == '#')
      return "the query holds a character that must be encoded";
    if (c == '%' && encoded_byte(query, i) < 0)
      return "a percent sign must begin two hexadecimal digits";
  }
  return "";
}

}  // namespace

Result<HttpTarget> split_target(std::string_view raw) {
  if (raw.empty() || raw.front() != '/')
    return error(Code::kInvalidArgument, "bad_target", "the target must start with a slash");
  const std::size_t mark = raw.find('?');
  HttpTarget target;
  target.path = raw.substr(0, mark);
  if (mark != std::string_view::npos) target.query = raw.substr(mark + 1);

  std::string_view problem = characters_problem(target.path);
  if (problem.empty()) problem = segments_problem(target.path);
  if (problem.empty()) problem = query_problem(target.query);
  if (!problem.empty()) return error(Code::kInvalidArgument, "bad_target", problem);
  return target;
}

}  // namespace kw::net
