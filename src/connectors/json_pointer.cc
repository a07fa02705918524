#include "connectors/json_pointer.h"

#include <charconv>

#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

using codec::JsonView;

// "~1" before "~0": "~01" is "~1".
std::string unescaped(std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    if (escape) ++i;
    name += !escape ? token[i] : token[i] == '1' ? '/' : '~';
  }
  return name;
}

std::optional<JsonView> element(const JsonView& array, std::string_view token) {
  std::size_t index = 0;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool number = !token.empty() && read.ec == std::errc() &&
                      read.ptr == token.data() + token.size() &&
                      (token.size() == 1 || token.front() != '0');
  const auto all = array.elements();
  return number && index < all.size() ? std::optional(all[index]) : std::nullopt;
}

}  // namespace

Status check_json_pointer(std::string_view pointer) {
  const Error bad = bad_setting("a pointer is empty or /name/name, with ~0 for ~ and ~1 for /");
  if (!pointer.empty() && pointer.front() != '/') return bad;
  for (std::size_t i = 0; i < pointer.size(); ++i)
    if (pointer[i] == '~' &&
        (i + 1 == pointer.size() || (pointer[i + 1] != '0' && pointer[i + 1] != '1')))
      return bad;
  return ok();
}

std::optional<JsonView> at_json_pointer(JsonView value, std::string_view pointer) {
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    const auto next = value.kind() == JsonView::Kind::kArray ? element(value, token)
                                                             : value.find(unescaped(token));
    if (!next) return std::nullopt;
    value = *next;
  }
  return value;
}

std::optional<std::string> text_at(JsonView value, std::string_view pointer) {
  const auto found = at_json_pointer(value, pointer);
  if (!found) return std::nullopt;
  if (const auto text = found->text()) return std::string(*text);
  if (found->kind() == JsonView::Kind::kInteger)
    if (const auto number = found->integer()) return std::to_string(*number);
  return std::nullopt;
}

}  // namespace kw::connectors
