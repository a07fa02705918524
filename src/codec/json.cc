#include "codec/json.h"

#include <algorithm>
#include <utility>

#include "codec/json_tree.h"

namespace kw::codec {

namespace {

constexpr std::size_t kBytesCeiling = std::size_t{1} << 30;  // ranges hold 32 bits
constexpr std::size_t kHeapText = 32;  // longer than std::string keeps in itself
constexpr std::size_t kNodesAtFirst = 256;

const JsonDocument::Tree& tree_of(const void* document) {
  return *static_cast<const JsonDocument::Tree*>(document);
}

std::string quoted(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

Error wrong_type(std::string_view wanted, std::string_view name) {
  const std::string what = name.empty() ? "a JSON value" : "member " + quoted(name);
  return error(Code::kInvalidArgument, "json_type", what + " must be " + std::string(wanted));
}

constexpr std::string_view kBoolean = "true or false";
constexpr std::string_view kInteger = "a whole number";
constexpr std::string_view kText = "a string";

}  // namespace

Result<JsonDocument> JsonDocument::parse(std::string_view text, const JsonLimits& limits) {
  if (text.size() > std::min(limits.bytes_max, kBytesCeiling))
    return error(Code::kTooLarge, "json_too_large", "the JSON text is larger than its limit");
  JsonLimits bounded = limits;
  bounded.depth_max = std::min(limits.depth_max, JsonLimits::kDepthCeiling);
  auto tree = std::make_unique<Tree>();
  tree->text.reserve(text.size() + kHeapText);
  tree->text.assign(text);
  tree->nodes.reserve(std::min(text.size() / 8 + 4, kNodesAtFirst));
  KW_OK(parse_json(*tree, bounded));
  return JsonDocument(std::move(tree));
}

JsonDocument::JsonDocument(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

JsonView JsonDocument::root() const {
  KW_CHECK(tree_ != nullptr);
  return {tree_.get(), 0};
}

JsonView::Kind JsonView::kind() const {
  return tree_of(document_).nodes[index_].kind;
}

Result<bool> JsonView::boolean() const {
  if (kind() != Kind::kBool) return wrong_type(kBoolean, {});
  return tree_of(document_).nodes[index_].scalar.boolean;
}

Result<std::int64_t> JsonView::integer() const {
  if (kind() != Kind::kInteger) return wrong_type(kInteger, {});
  return tree_of(document_).nodes[index_].scalar.integer;
}

Result<double> JsonView::number() const {
  const auto& scalar = tree_of(document_).nodes[index_].scalar;
  if (kind() == Kind::kInteger) return static_cast<double>(scalar.integer);
  if (kind() != Kind::kDouble) return wrong_type("a number", {});
  return scalar.number;
}

Result<std::string_view> JsonView::text() const {
  if (kind() != Kind::kString) return wrong_type(kText, {});
  const auto& tree = tree_of(document_);
  return tree.view(tree.nodes[index_].scalar.text);
}

std::optional<JsonView> JsonView::find(std::string_view name) const {
  if (kind() != Kind::kObject) return std::nullopt;
  const auto& tree = tree_of(document_);
  const std::size_t end = tree.nodes[index_].next;
  for (std::size_t i = index_ + 1; i < end; i = tree.nodes[i].next)
    if (tree.view(tree.nodes[i].name) == name) return JsonView(document_, i);
  return std::nullopt;
}

bool JsonView::has(std::string_view name) const {
  return find(name).has_value();
}

Result<JsonView> JsonView::member(std::string_view name) const {
  if (kind() != Kind::kObject) return wrong_type("an object", {});
  if (auto found = find(name)) return *found;
  return error(Code::kInvalidArgument, "json_missing", "member " + quoted(name) + " is missing");
}

Result<std::string_view> JsonView::text(std::string_view name) const {
  KW_TRY(const JsonView view, member(name));
  if (view.kind() != Kind::kString) return wrong_type(kText, name);
  return view.text();
}

Result<std::int64_t> JsonView::integer(std::string_view name) const {
  KW_TRY(const JsonView view, member(name));
  if (view.kind() != Kind::kInteger) return wrong_type(kInteger, name);
  return view.integer();
}

Result<bool> JsonView::boolean(std::string_view name) const {
  KW_TRY(const JsonView view, member(name));
  if (view.kind() != Kind::kBool) return wrong_type(kBoolean, name);
  return view.boolean();
}

std::vector<JsonView> JsonView::elements() const {
  std::vector<JsonView> all;
  if (kind() != Kind::kArray) return all;
  const auto& nodes = tree_of(document_).nodes;
  for (std::size_t i = index_ + 1; i < nodes[index_].next; i = nodes[i].next)
    all.push_back(JsonView(document_, i));
  return all;
}

std::vector<std::pair<std::string_view, JsonView>> JsonView::members() const {
  std::vector<std::pair<std::string_view, JsonView>> all;
  if (kind() != Kind::kObject) return all;
  const auto& tree = tree_of(document_);
  const auto& nodes = tree.nodes;
  for (std::size_t i = index_ + 1; i < nodes[index_].next; i = nodes[i].next)
    all.emplace_back(tree.view(nodes[i].name), JsonView(document_, i));
  return all;
}

}  // namespace kw::codec
