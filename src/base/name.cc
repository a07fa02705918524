#include "base/name.h"

#include <algorithm>

namespace kw {

namespace {
bool lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool alphanumeric(char c) {
  return lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}
bool segment(std::string_view text) {
  return !text.empty() && alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}
}  // namespace

bool TenantRule::matches(std::string_view text) {
  return !text.empty() && text.size() <= 63 && lower_or_digit(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return lower_or_digit(c) || c == '-'; });
}

bool ObjectRule::matches(std::string_view text) {
  return text.size() <= 128 && segment(text);
}

bool PathRule::matches(std::string_view text) {
  if (text.size() > 255) return false;
  for (;;) {
    const auto end = text.find('/');
    if (!segment(text.substr(0, end))) return false;
    if (end == text.npos) return true;
    text.remove_prefix(end + 1);
  }
}

}  // namespace kw
