#include "codec/yaml.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "codec/yaml_node.h"

namespace kw::codec {

namespace {

// A decimal without sign `+`, leading zeros or anything behind it.
std::optional<std::int64_t> whole_number(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

// Seconds in the unit that `text` ends with, which is cut off; 1 when it ends with none.
std::int64_t cut_unit(std::string_view& text) {
  if (text.empty()) return 1;
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = 1;
      break;
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3'600;
      break;
    case 'd':
      unit = 86'400;
      break;
    default:
      return 1;
  }
  text.remove_suffix(1);
  return unit;
}

}  // namespace

YamlView::Kind YamlView::kind() const {
  return node_->kind;
}
int YamlView::line() const {
  return node_->place.line;
}
int YamlView::column() const {
  return node_->place.column;
}
std::string YamlView::where() const {
  return yaml_where(*node_->file, node_->place);
}
std::string YamlView::where_name() const {
  return node_->name_place.line == 0 ? where() : yaml_where(*node_->file, node_->name_place);
}

Error YamlView::wrong_type(std::string_view wanted) const {
  return error(Code::kInvalidArgument, "yaml_type", where() + ": must be " + std::string(wanted));
}

Result<std::string> YamlView::text() const {
  if (node_->kind != Kind::kScalar) return wrong_type("a text");
  return node_->text;
}

Result<std::int64_t> YamlView::integer() const {
  if (node_->kind == Kind::kScalar && !node_->quoted)
    if (const auto value = whole_number(node_->text)) return *value;
  return wrong_type("a whole number");
}

Result<bool> YamlView::boolean() const {
  if (node_->kind == Kind::kScalar && !node_->quoted) {
    if (node_->text == "true") return true;
    if (node_->text == "false") return false;
  }
  return wrong_type("true or false");
}

Result<std::int64_t> YamlView::seconds() const {
  std::string_view text = node_->text;
  const std::int64_t unit = cut_unit(text);
  const auto count = whole_number(text);
  const bool fits = count && *count >= 0 && !text.starts_with('-') &&
                    *count <= std::numeric_limits<std::int64_t>::max() / unit;
  if (node_->kind == Kind::kScalar && fits) return *count * unit;
  return error(Code::kInvalidArgument, "yaml_duration",
               where() + ": must be a duration such as 90s, 15m, 2h or 30d");
}

std::optional<YamlView> YamlView::find(std::string_view name) const {
  if (node_->kind != Kind::kMap) return std::nullopt;
  const auto found = std::find_if(node_->children.begin(), node_->children.end(),
                                  [&](const Node& child) { return child.name == name; });
  if (found == node_->children.end()) return std::nullopt;
  return YamlView(&*found);
}

bool YamlView::has(std::string_view name) const {
  return find(name).has_value();
}

Result<YamlView> YamlView::member(std::string_view name) const {
  if (node_->kind != Kind::kMap) return wrong_type("a map");
  if (auto found = find(name)) return *found;
  return error(Code::kInvalidArgument, "yaml_missing",
               where() + ": \"" + std::string(name) + "\" is missing");
}

std::vector<YamlView> YamlView::elements() const {
  std::vector<YamlView> all;
  if (node_->kind != Kind::kSequence) return all;
  for (const Node& child : node_->children) all.push_back(YamlView(&child));
  return all;
}

std::vector<std::pair<std::string, YamlView>> YamlView::members() const {
  std::vector<std::pair<std::string, YamlView>> all;
  if (node_->kind != Kind::kMap) return all;
  for (const Node& child : node_->children) all.emplace_back(child.name, YamlView(&child));
  return all;
}

Result<YamlDocument> YamlDocument::parse(std::string_view text, std::string_view file_name) {
  KW_TRY(auto root, read_yaml(text, file_name));
  return YamlDocument(std::move(root));
}

YamlDocument::YamlDocument(std::unique_ptr<YamlView::Node> root) : root_(std::move(root)) {}
YamlDocument::YamlDocument(YamlDocument&&) noexcept = default;
YamlDocument& YamlDocument::operator=(YamlDocument&&) noexcept = default;
YamlDocument::~YamlDocument() = default;

YamlView YamlDocument::root() const {
  KW_CHECK(root_ != nullptr);
  return YamlView(root_.get());
}

}  // namespace kw::codec
