#include "rotation/policy_document.h"

#include <algorithm>

#include "base/name.h"
#include "rotation/clause_text.h"
#include "rotation/template_texts.h"

namespace kw::rotation {
namespace {

using Kind = YamlView::Kind;
constexpr std::size_t kTypesMax = 64;
constexpr std::size_t kDescriptionMax = 1024;

constexpr std::string_view kSelectorFields[] = {
    "tenants", "kinds", "types", "classifications", "owners", "name_prefix", "labels"};

bool is_type(std::string_view text) {
  const bool letters = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  return letters && !text.empty() && text.size() <= 40;
}

bool is_extendable(std::string_view name) {
  const auto texts = template_texts();
  return name != "defaults" &&
         std::any_of(texts.begin(), texts.end(), [&](const auto& one) { return one.name == name; });
}

std::string extendable_names() {
  std::string names;
  for (const TemplateText& one : template_texts()) {
    if (is_extendable(one.name)) names += (names.empty() ? "" : ", ") + std::string(one.name);
  }
  return names;
}

Result<std::map<std::string, std::string>> read_labels(const YamlView& view) {
  if (view.kind() != Kind::kMap || view.members().size() > kEntriesMax)
    return refused(view, "a map of at most 64 labels belongs here: {team: payments}");
  std::map<std::string, std::string> labels;
  for (const auto& [name, value] : view.members()) {
    KW_TRY(std::string text, read_word(value));
    if (name.empty() || name.size() > 128)
      return refused_name(value, "a label's name has 1 to 128 characters");
    labels[name] = std::move(text);
  }
  return labels;
}

Status read_selector_field(const std::string& name, const YamlView& value, Selector& out) {
  if (name == "labels") {
    KW_TRY(out.labels, read_labels(value));
    return ok();
  }
  if (name == "name_prefix") {
    KW_TRY(out.name_prefix, read_word(value));
    return ok();
  }
  if (std::find(std::begin(kSelectorFields), std::end(kSelectorFields), name) ==
      std::end(kSelectorFields))
    return refused_name(value, unknown_field(name, kSelectorFields));
  KW_TRY(auto words, read_words(value));
  if (name == "classifications") {
    for (const std::string& word : words) {
      if (std::find(std::begin(kClassifications), std::end(kClassifications), word) ==
          std::end(kClassifications))
        return refused(value, "a classification is public, internal, confidential or restricted");
    }
  }
  const std::pair<std::string_view, std::vector<std::string>*> lists[] = {
      {"tenants", &out.tenants},
      {"kinds", &out.kinds},
      {"types", &out.types},
      {"classifications", &out.classifications},
      {"owners", &out.owners}};
  for (const auto& [field, list] : lists) {
    if (name != field) continue;
    *list = std::move(words);
    break;
  }
  return ok();
}

Status read_selector(const YamlView& view, Selector& out) {
  if (view.kind() != Kind::kMap) return refused(view, "a map belongs here: {types: [dek]}");
  for (const auto& [name, value] : view.members()) {
    KW_OK(read_selector_field(name, value, out));
  }
  return ok();
}

Result<Clauses> read_section(const YamlView& view) {
  if (view.kind() != Kind::kMap) return refused(view, "a map of fields belongs here");
  Clauses clauses;
  for (const NamedValue& member : flat_members(view)) KW_OK(read_clause(member, clauses));
  return clauses;
}

Status read_types(const YamlView& view, PolicyDocument& out) {
  if (view.kind() != Kind::kMap) return refused(view, "a map belongs here: {dek: {interval: 90d}}");
  if (view.members().size() > kTypesMax) return refused(view, "at most 64 types");
  for (const auto& [type, section] : view.members()) {
    if (!is_type(type)) return refused_name(section, "a type is [a-z0-9-]{1,40}");
    KW_TRY(out.types[type], read_section(section));
  }
  return ok();
}

Status read_extends(const YamlView& view, PolicyDocument& out) {
  KW_TRY(out.extends, read_words(view));
  for (const std::string& name : out.extends) {
    if (!is_extendable(name))
      return error(Code::kInvalidArgument, "unknown_template",
                   view.where() + ": no such template; there are " + extendable_names());
  }
  return ok();
}

Status read_name(const YamlView& view, PolicyDocument& out) {
  KW_TRY(out.name, read_word(view));
  if (const auto name = ObjectName::parse(out.name); !name)
    return refused(view, name.error().message);
  return ok();
}

Status read_description(const YamlView& view, PolicyDocument& out) {
  const auto text = view.text();
  if (!text || text->size() > kDescriptionMax)
    return refused(view, "a description is a text of at most 1024 bytes");
  out.description = *text;
  return ok();
}

Status read_numbers(const YamlView& view, PolicyDocument& out) {
  KW_TRY(const std::string text, read_word(view));
  if (text != "entity-defined" && text != "stated")
    return refused(view, "must be entity-defined or stated");
  out.entity_defined = text == "entity-defined";
  return ok();
}

Status read_member(const NamedValue& member, PolicyDocument& out) {
  if (member.name == "name") return read_name(member.value, out);
  if (member.name == "description") return read_description(member.value, out);
  if (member.name == "extends") return read_extends(member.value, out);
  if (member.name == "applies_to") return read_selector(member.value, out.applies_to);
  if (member.name == "types") return read_types(member.value, out);
  if (member.name == "numbers") return read_numbers(member.value, out);
  if (member.name == "control") {
    KW_TRY(out.control, read_word(member.value));
    return ok();
  }
  return read_clause(member, out.clauses);
}

std::string yaml_quoted(std::string_view text) {
  JsonWriter out;
  out.value(text);
  return without_quotes(out.text());
}

std::string words_text(const std::vector<std::string>& words) {
  std::string text = "[";
  for (const std::string& word : words) text += (text.size() == 1 ? "" : ", ") + yaml_quoted(word);
  return text + "]";
}

std::string selector_text(const Selector& selector) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    text += (text.empty() ? "" : ", ") + std::string(name) + ": " + value;
  };
  if (!selector.tenants.empty()) add("tenants", words_text(selector.tenants));
  if (!selector.kinds.empty()) add("kinds", words_text(selector.kinds));
  if (!selector.types.empty()) add("types", words_text(selector.types));
  if (!selector.classifications.empty())
    add("classifications", words_text(selector.classifications));
  if (!selector.owners.empty()) add("owners", words_text(selector.owners));
  if (!selector.name_prefix.empty()) add("name_prefix", yaml_quoted(selector.name_prefix));
  if (selector.labels.empty()) return text;
  std::string labels;
  for (const auto& [name, value] : selector.labels)
    labels += (labels.empty() ? "" : ", ") + yaml_quoted(name) + ": " + yaml_quoted(value);
  add("labels", "{" + labels + "}");
  return text;
}

bool allows(const std::vector<std::string>& words, const std::string& word) {
  return words.empty() || std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

bool Selector::matches(const SubjectFacts& facts) const {
  const bool named = allows(tenants, facts.subject.tenant) && allows(kinds, facts.subject.kind) &&
                     allows(types, facts.type) && allows(classifications, facts.classification) &&
                     allows(owners, facts.owner) && facts.subject.name.starts_with(name_prefix);
  return named && std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
           const auto found = facts.labels.find(label.first);
           return found != facts.labels.end() && found->second == label.second;
         });
}

Result<PolicyDocument> parse_policy_document(std::string_view text, std::string_view source) {
  if (text.size() > kPolicyBytesMax)
    return error(Code::kTooLarge, "policy_too_large", "a policy has at most 64 KiB");
  const auto yaml = codec::YamlDocument::parse(text, source);
  if (!yaml) return error(Code::kInvalidArgument, "bad_policy", yaml.error().message);
  const YamlView root = yaml->root();
  if (root.kind() != Kind::kMap) return refused(root, "a policy is a map of fields");
  PolicyDocument document;
  for (const NamedValue& member : flat_members(root)) KW_OK(read_member(member, document));
  if (document.name.empty()) return refused(root, "name is missing; write name: my-policy");
  return document;
}

std::string policy_text(const PolicyDocument& document) {
  std::string text = "name: " + yaml_quoted(document.name) + "\n";
  if (!document.description.empty())
    text += "description: " + yaml_quoted(document.description) + "\n";
  if (document.entity_defined) text += "numbers: entity-defined\n";
  if (!document.control.empty()) text += "control: " + yaml_quoted(document.control) + "\n";
  if (!document.extends.empty()) text += "extends: " + words_text(document.extends) + "\n";
  const std::string selector = selector_text(document.applies_to);
  if (!selector.empty()) text += "applies_to: {" + selector + "}\n";
  text += clauses_text(document.clauses, 0);
  if (!document.types.empty()) text += "types:\n";
  for (const auto& [type, clauses] : document.types) {
    const std::string section = clauses_text(clauses, 4);
    text += "  " + type + (section.empty() ? ": {}\n" : ":\n" + section);
  }
  return text;
}

}  // namespace kw::rotation
