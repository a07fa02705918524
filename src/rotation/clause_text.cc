#include "rotation/clause_text.h"

#include <algorithm>
#include <numeric>

#include "rotation/duration_text.h"
#include "rotation/policy_document.h"

namespace kw::rotation {
namespace {

constexpr std::string_view kGroups[] = {"rollout", "overlap"};
constexpr std::size_t kNameShown = 40;

bool is_group(std::string_view name) {
  return std::find(std::begin(kGroups), std::end(kGroups), name) != std::end(kGroups);
}

// Levenshtein; both are short.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

Result<ClassRule> read_class_rule(const YamlView& view) {
  ClassRule rule;
  KW_TRY(const std::string text, read_word(view));
  if (const auto interval = parse_duration(text)) {
    if (*interval < std::chrono::minutes(1)) return refused(view, "an interval is at least 1min");
    rule.interval = *interval;
    return rule;
  }
  static constexpr Field kFactor{"a factor", Form::kNumber, Wins::kLeast, 0.01, 10, ""};
  double factor = 0;
  if (!read_value(view, kFactor, factor))
    return refused(view, "must be a factor from 0.01 to 10, or an interval such as 30d");
  rule.factor = factor;
  return rule;
}

Status read_classification(const YamlView& view, Clauses& out) {
  if (view.kind() != YamlView::Kind::kMap)
    return refused(view, "a map belongs here: {confidential: 0.5, restricted: 30d}");
  for (const auto& [name, value] : view.members()) {
    if (std::find(std::begin(kClassifications), std::end(kClassifications), name) ==
        std::end(kClassifications))
      return refused_name(value, unknown_field(name, kClassifications));
    KW_TRY(out.classification[name], read_class_rule(value));
  }
  return ok();
}

std::string class_rule_text(const ClassRule& rule) {
  if (rule.interval) return duration_text(*rule.interval);
  JsonWriter out;
  out.value(*rule.factor);
  return std::string(out.text());
}

std::string classification_line(const Clauses& clauses) {
  std::string line = "classification: {";
  for (const std::string_view name : kClassifications) {
    const auto found = clauses.classification.find(std::string(name));
    if (found == clauses.classification.end()) continue;
    if (!line.ends_with('{')) line += ", ";
    line += std::string(name) + ": " + class_rule_text(found->second);
  }
  return line + "}\n";
}

}  // namespace

std::string unknown_field(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view shown = name.substr(0, kNameShown);
  const auto nearest = std::min_element(known.begin(), known.end(), [&](auto a, auto b) {
    return distance(shown, a) < distance(shown, b);
  });
  const std::string unknown = "unknown field \"" + std::string(shown) + "\"; ";
  if (nearest != known.end() && distance(shown, *nearest) <= 3)
    return unknown + "did you mean " + std::string(*nearest) + "?";
  return unknown + "the fields are in docs/guide/policies.md";
}

std::vector<NamedValue> flat_members(const YamlView& map) {
  std::vector<NamedValue> all;
  for (const auto& [name, value] : map.members()) {
    if (!is_group(name) || value.kind() != YamlView::Kind::kMap) {
      all.push_back({name, value});
      continue;
    }
    for (const auto& [inner, inner_value] : value.members()) {
      std::string path = name;
      path.append(".").append(inner);
      all.push_back({std::move(path), inner_value});
    }
  }
  return all;
}

Status read_clause(const NamedValue& member, Clauses& out) {
  if (member.name == "classification") return read_classification(member.value, out);
  bool known = false;
  KW_OK(each_field([&](const Field& field, auto of_clauses, auto) -> Status {
    if (field.name != member.name) return ok();
    known = true;
    if ((out.*of_clauses).has_value())
      return refused_name(member.value, std::string(field.name) + " is given twice");
    return read_value(member.value, field, out.*of_clauses);
  }));
  if (known) return ok();
  std::vector<std::string_view> names = {"classification"};
  for (const Field& field : kFields) names.push_back(field.name);
  return refused_name(member.value, unknown_field(member.name, names));
}

std::string clauses_text(const Clauses& clauses, int indent) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  std::string text, group;
  const auto close_group = [&] {
    if (!group.empty()) text += "}\n";
    group.clear();
  };
  const Status written = each_field([&](const Field& field, auto of_clauses, auto) -> Status {
    const auto& value = clauses.*of_clauses;
    if (!value) return ok();
    const std::string name(field.name), shown = value_text(field, *value);
    const std::size_t dot = name.find('.');
    const std::string of_group = dot == std::string::npos ? "" : name.substr(0, dot);
    if (of_group != group) close_group();
    if (of_group.empty()) {
      text += margin + name + ": " + shown + "\n";
      return ok();
    }
    text += group.empty() ? margin + of_group + ": {" : ", ";
    text += name.substr(dot + 1) + ": " + shown;
    group = of_group;
    return ok();
  });
  KW_CHECK(written.has_value());
  close_group();
  if (!clauses.classification.empty()) text += margin + classification_line(clauses);
  return text;
}

}  // namespace kw::rotation
