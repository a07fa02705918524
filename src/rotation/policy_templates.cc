#include <algorithm>

#include "rotation/policy_document.h"
#include "rotation/template_texts.h"

namespace kw::rotation {
namespace {

std::vector<PolicyDocument> parse_all() {
  std::vector<PolicyDocument> documents;
  for (const TemplateText& one : template_texts()) {
    auto document = parse_policy_document(one.text, one.name);
    // A part of the program; its tests read every one.
    KW_CHECK(document.has_value() && document->name == one.name);
    documents.push_back(*std::move(document));
  }
  return documents;
}

}  // namespace

std::span<const PolicyDocument> policy_templates() {
  static const std::vector<PolicyDocument> kDocuments = parse_all();
  return kDocuments;
}

const PolicyDocument* find_template(std::string_view name) {
  const auto all = policy_templates();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string_view template_text(std::string_view name) {
  for (const TemplateText& one : template_texts()) {
    if (one.name == name) return one.text;
  }
  return "";
}

}  // namespace kw::rotation
