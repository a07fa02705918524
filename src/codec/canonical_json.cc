#include <algorithm>

#include "codec/json.h"

namespace kw::codec {

namespace {

// RFC 8785, 3.2.3: names are "sorted by their UTF-16 code units". UTF-8 sorts alike but for U+E000
// to U+FFFF (lead byte EE or EF), which UTF-16 puts behind the surrogate pairs of everything above
// U+FFFF (lead byte F0 to F4).
bool utf16_less(std::string_view a, std::string_view b) {
  const std::size_t shared = std::min(a.size(), b.size());
  const auto at = static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(shared), b.begin()).first -
      a.begin());
  if (at == shared) return a.size() < b.size();
  const auto x = static_cast<unsigned char>(a[at]);
  const auto y = static_cast<unsigned char>(b[at]);
  const bool pair_against_private = x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0);
  return pair_against_private ? x > y : x < y;
}

void write(JsonWriter& out, const JsonView& view);

void write_members(JsonWriter& out, const JsonView& view) {
  auto members = view.members();
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return utf16_less(a.first, b.first); });
  out.begin_object();
  for (const auto& [name, value] : members) {
    out.name(name);
    write(out, value);
  }
  out.end_object();
}

void write_elements(JsonWriter& out, const JsonView& view) {
  out.begin_array();
  for (const JsonView& element : view.elements()) write(out, element);
  out.end_array();
}

void write(JsonWriter& out, const JsonView& view) {
  switch (view.kind()) {
    case JsonView::Kind::kNull:
      out.null();
      return;
    case JsonView::Kind::kBool:
      out.value(*view.boolean());
      return;
    case JsonView::Kind::kInteger:  // RFC 8785, 3.2.2.3: every number is an IEEE 754 double
    case JsonView::Kind::kDouble:
      out.value(*view.number());
      return;
    case JsonView::Kind::kString:
      out.value(*view.text());
      return;
    case JsonView::Kind::kArray:
      write_elements(out, view);
      return;
    case JsonView::Kind::kObject:
      write_members(out, view);
      return;
  }
}

}  // namespace

Result<std::string> canonical_json(std::string_view text, const JsonLimits& limits) {
  KW_TRY(const JsonDocument document, JsonDocument::parse(text, limits));
  JsonWriter out;
  write(out, document.root());
  return std::string(out.text());
}

}  // namespace kw::codec
