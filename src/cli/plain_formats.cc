// JSON values as text: YAML, and one line of JSON.
#include "cli/session.h"

namespace kw::cli {

namespace {

void write(codec::JsonWriter& json, const codec::JsonView& value) {
  using Kind = codec::JsonView::Kind;
  switch (value.kind()) {
    case Kind::kNull:
      json.raw("null");
      return;
    case Kind::kBool:
      json.value(*value.boolean());
      return;
    case Kind::kInteger:
      json.value(*value.integer());
      return;
    case Kind::kDouble:
      json.value(*value.number());
      return;
    case Kind::kString:
      json.value(*value.text());
      return;
    case Kind::kArray:
      json.begin_array();
      for (const codec::JsonView& element : value.elements()) write(json, element);
      json.end_array();
      return;
    case Kind::kObject:
      json.begin_object();
      for (const auto& [name, content] : value.members()) {
        json.name(name);
        write(json, content);
      }
      json.end_object();
      return;
  }
}

}  // namespace

std::string json_of(const codec::JsonView& value) {
  codec::JsonWriter json;
  write(json, value);
  return std::string(json.text());
}

namespace {

std::string yaml_scalar(const codec::JsonView& value) {
  using Kind = codec::JsonView::Kind;
  switch (value.kind()) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return *value.boolean() ? "true" : "false";
    case Kind::kInteger:
      return std::to_string(*value.integer());
    case Kind::kDouble:
      return std::to_string(*value.number());
    default:
      break;
  }
  codec::JsonWriter quoted;
  quoted.value(*value.text());
  return std::string(quoted.text());
}

bool nested(const codec::JsonView& value) {
  return (value.kind() == codec::JsonView::Kind::kObject && !value.members().empty()) ||
         (value.kind() == codec::JsonView::Kind::kArray && !value.elements().empty());
}

std::string yaml_leaf(const codec::JsonView& value) {
  if (value.kind() == codec::JsonView::Kind::kObject) return "{}";
  if (value.kind() == codec::JsonView::Kind::kArray) return "[]";
  return yaml_scalar(value);
}

}  // namespace

std::string yaml_of(const codec::JsonView& value, int indent) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  std::string text;
  for (const auto& [name, content] : value.members())
    text +=
        margin + std::string(name) + ":" +
        (nested(content) ? "\n" + yaml_of(content, indent + 2) : " " + yaml_leaf(content) + "\n");
  for (const codec::JsonView& content : value.elements()) {
    if (!nested(content)) {
      text += margin + "- " + yaml_leaf(content) + "\n";
      continue;
    }
    std::string block = yaml_of(content, indent + 2);
    block.replace(static_cast<std::size_t>(indent), 2, "- ");
    text += block;
  }
  return text;
}

}  // namespace kw::cli
