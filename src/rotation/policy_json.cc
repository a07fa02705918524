#include "rotation/policy_json.h"

#include "rotation/field_value.h"

namespace kw::rotation {
namespace {

template <typename T>
const T* present(const T& value) {
  return &value;
}
template <typename T>
const T* present(const std::optional<T>& value) {
  return value ? &*value : nullptr;
}
template <typename T>
bool says_nothing(const T&) {
  return false;
}
template <typename T>
bool says_nothing(const std::vector<T>& list) {
  return list.empty();
}

Result<std::string> text_member(const YamlView& map, std::string_view name) {
  const auto member = map.find(name);
  if (!member) return refused(map, "a member of set_by is missing");
  return member->text();
}

Status read_set_by(const YamlView& view, std::vector<SetBy>& out) {
  for (const YamlView& entry : view.elements()) {
    SetBy one;
    KW_TRY(one.field, text_member(entry, "field"));
    KW_TRY(one.value, text_member(entry, "value"));
    KW_TRY(one.policy, text_member(entry, "policy"));
    KW_TRY(one.clause, text_member(entry, "clause"));
    out.push_back(std::move(one));
  }
  return ok();
}

}  // namespace

std::string policy_json(const EffectivePolicy& policy) {
  JsonWriter out;
  out.begin_object();
  const Status written = each_field([&](const Field& field, auto, auto of_policy) -> Status {
    const auto* value = present(policy.*of_policy);
    if (value == nullptr || says_nothing(*value)) return ok();
    out.name(field.name);
    write_value(out, field, *value);
    return ok();
  });
  KW_CHECK(written.has_value());
  out.name("set_by").begin_array();
  for (const SetBy& one : policy.set_by) {
    out.begin_object().member("field", one.field).member("value", one.value);
    out.member("policy", one.policy).member("clause", one.clause).end_object();
  }
  out.end_array().end_object();
  constexpr codec::JsonLimits kOwn{16 << 20, 8, 1'000'000};
  auto canonical = codec::canonical_json(out.text(), kOwn);
  KW_CHECK(canonical.has_value());
  return *std::move(canonical);
}

const std::string& PolicyTexts::of(const EffectivePolicy& policy) {
  constexpr std::size_t kKept = 8;
  for (const Known& each : known_)
    if (each.policy == policy) return each.json;
  if (known_.size() == kKept) known_.erase(known_.begin());
  known_.push_back({policy, policy_json(policy)});
  return known_.back().json;
}

Result<EffectivePolicy> parse_policy_json(std::string_view json) {
  // JSON is YAML, and the policy language has one reader.
  const auto text = codec::YamlDocument::parse(json, "policy");
  if (!text) return error(Code::kInvalidArgument, "bad_policy", text.error().message);
  const YamlView root = text->root();
  if (root.kind() != YamlView::Kind::kMap) return refused(root, "a policy is a map of fields");
  EffectivePolicy policy;
  KW_OK(each_field([&](const Field& field, auto, auto of_policy) -> Status {
    const auto value = root.find(field.name);
    return value ? read_value(*value, field, policy.*of_policy) : ok();
  }));
  if (const auto set_by = root.find("set_by")) KW_OK(read_set_by(*set_by, policy.set_by));
  return policy;
}

}  // namespace kw::rotation
