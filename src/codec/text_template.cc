#include "codec/text_template.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace kw::codec {

namespace {

constexpr std::size_t kPathBytesMax = 255;
constexpr std::size_t kFieldBytesMax = 64;
constexpr std::string_view kPrevious = "previous";

bool is_field_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_name_character(char c) {
  return is_name_start(c) || c == '.' || c == '_' || c == '-';
}

bool is_path(std::string_view text) {
  if (text.size() > kPathBytesMax) return false;
  for (;;) {
    const std::string_view name = text.substr(0, text.find('/'));
    if (name.empty() || !is_name_start(name.front()) ||
        !std::all_of(name.begin(), name.end(), is_name_character))
      return false;
    if (name.size() == text.size()) return true;
    text.remove_prefix(name.size() + 1);
  }
}

bool is_field(std::string_view text) {
  return !text.empty() && text.size() <= kFieldBytesMax &&
         std::all_of(text.begin(), text.end(), is_field_character);
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

constexpr std::array<std::pair<std::string_view, TextEscape>, 6> kEscapes = {{
    {"none", TextEscape::kNone},
    {"url", TextEscape::kUrl},
    {"json", TextEscape::kJson},
    {"shell", TextEscape::kShell},
    {"base64", TextEscape::kBase64},
    {"yaml", TextEscape::kYaml},
}};

std::optional<TextEscape> escape_called(std::string_view name) {
  for (const auto& [known, escape] : kEscapes)
    if (known == name) return escape;
  return std::nullopt;
}

}  // namespace

std::string_view text_escape_name(TextEscape escape) {
  for (const auto& [name, known] : kEscapes)
    if (known == escape) return name;
  return "none";
}

std::string reference_text(const TextReference& reference) {
  std::string text = reference.path;
  if (reference.previous) text.append("@").append(kPrevious);
  if (!reference.field.empty()) text.append("#").append(reference.field);
  return text;
}

// One pass over the text; `at_` is always the start of what is not read yet.
class TextTemplateParser {
 public:
  explicit TextTemplateParser(std::string_view text) : text_(text) {}

  Result<TextTemplate> run() {
    while (at_ < text_.size()) {
      const std::size_t open = std::min(text_.find("{{", at_), text_.size());
      add_literal(text_.substr(at_, open - at_));
      at_ = open;
      if (at_ < text_.size()) KW_OK(place());
    }
    return std::move(made_);
  }

 private:
  Error bad(std::string_view what) const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
    return error(Code::kInvalidArgument, "bad_template",
                 "line " + std::to_string(line) + " column " + std::to_string(at_ - start + 1) +
                     ": " + std::string(what));
  }

  void add_literal(std::string_view literal) {
    if (literal.empty()) return;
    if (made_.pieces_.empty() || made_.pieces_.back().reference >= 0) made_.pieces_.emplace_back();
    made_.pieces_.back().literal += literal;
  }

  Status place() {
    const std::size_t start = at_ + 2;
    if (text_.substr(start).starts_with('"')) return quoted(start + 1);
    const std::size_t close = text_.find("}}", start);
    if (close == text_.npos) return bad("\"{{\" without \"}}\"");
    const std::string_view inside = text_.substr(start, close - start);
    if (!inside.starts_with('!')) KW_OK(reference(inside));
    at_ = close + 2;
    return ok();
  }

  Status quoted(std::size_t start) {
    const std::size_t close = text_.find("\"}}", start);
    if (close == text_.npos) return bad("a quoted text without \"}}\" behind its last quote");
    const std::string_view inside = text_.substr(start, close - start);
    if (inside.find_first_of("\"\n") != inside.npos)
      return bad("a quoted text holds a quote or a line end");
    add_literal(inside);
    at_ = close + 3;
    return ok();
  }

  Status reference(std::string_view inside) {
    TextTemplate::Piece piece;
    std::string_view name = inside;
    if (const std::size_t bar = inside.find('|'); bar != inside.npos) {
      const auto escape = escape_called(trimmed(inside.substr(bar + 1)));
      if (!escape) return bad("no such escape; there are none, url, json, shell, base64 and yaml");
      piece.escape = *escape;
      name = inside.substr(0, bar);
    }
    KW_TRY(TextReference named, read_name(trimmed(name)));
    KW_TRY(piece.reference, index_of(std::move(named)));
    made_.pieces_.push_back(std::move(piece));
    return ok();
  }

  Result<TextReference> read_name(std::string_view name) const {
    TextReference named;
    if (const std::size_t hash = name.find('#'); hash != name.npos) {
      const std::string_view field = trimmed(name.substr(hash + 1));
      if (!is_field(field)) return bad("a field is [a-z0-9_]{1,64}");
      named.field = field;
      name = trimmed(name.substr(0, hash));
    }
    if (const std::size_t sign = name.find('@'); sign != name.npos) {
      if (trimmed(name.substr(sign + 1)) != kPrevious)
        return bad("behind \"@\" stands \"previous\" or nothing at all");
      named.previous = true;
      name = trimmed(name.substr(0, sign));
    }
    if (!is_path(name))
      return bad(
          "a place is {{path#field|escape}}; a path is at most 255 bytes: names "
          "[A-Za-z0-9][A-Za-z0-9._-]* with '/' between");
    named.path = name;
    return named;
  }

  Result<int> index_of(TextReference named) {
    const auto [found, added] =
        known_.emplace(std::move(named), static_cast<int>(made_.references_.size()));
    if (!added) return found->second;
    if (made_.references_.size() == kTemplateReferencesMax)
      return bad("more than 1,000 different values");
    made_.references_.push_back(found->first);
    return found->second;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  TextTemplate made_;
  std::map<TextReference, int> known_;
};

Result<TextTemplate> TextTemplate::parse(std::string_view text) {
  if (text.size() > kTemplateBytesMax)
    return error(Code::kTooLarge, "template_too_large", "a template has at most 256 KiB");
  return TextTemplateParser(text).run();
}

Result<WipedText> TextTemplate::render(const Lookup& value) const {
  WipedText out;
  out.reserve(4096);
  for (const Piece& piece : pieces_) {
    if (piece.reference < 0) {
      KW_OK(append_escaped(TextEscape::kNone, as_bytes(piece.literal), out));
      continue;
    }
    const TextReference& named = references_[static_cast<std::size_t>(piece.reference)];
    KW_TRY(const ByteView bytes, value(named));
    auto appended = append_escaped(piece.escape, bytes, out);
    if (appended) continue;
    Error why = std::move(appended).error();
    why.message = reference_text(named) + ": " + why.message;
    return why;
  }
  return out;
}

}  // namespace kw::codec
