#include "auth/policy.h"

#include <algorithm>
#include <functional>

#include "codec/yaml.h"

namespace kw::auth {
namespace {

using codec::YamlView;
constexpr std::size_t kWordBytesMax = 256;

Error refused(const YamlView& at, std::string_view why) {
  return error(Code::kInvalidArgument, "bad_policy", at.where() + ": " + std::string(why));
}
Error refused_name(const YamlView& member, std::string_view why) {
  return error(Code::kInvalidArgument, "bad_policy", member.where_name() + ": " + std::string(why));
}
Error refused(const Error& cause) {
  return error(Code::kInvalidArgument, "bad_policy", cause.message);
}

bool is_one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_object_name(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-/:@").find(c) != std::string_view::npos;
  });
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Result<std::string> word(const YamlView& view) {
  if (view.kind() != YamlView::Kind::kScalar) return refused(view, "a word belongs here");
  auto text = view.text();
  if (!text) return refused(text.error());
  if (text->empty() || text->size() > kWordBytesMax)
    return refused(view, "a word has 1 to 256 characters");
  if (!is_printable(*text)) return refused(view, "only printable ASCII characters are allowed");
  return text;
}

using Check = std::function<Status(const YamlView&, const std::string&)>;

Result<std::vector<std::string>> words(const YamlView& view, const Check& check) {
  if (view.kind() != YamlView::Kind::kSequence) return refused(view, "a list belongs here: [a, b]");
  std::vector<std::string> all;
  for (const YamlView& element : view.elements()) {
    KW_TRY(std::string text, word(element));
    KW_OK(check(element, text));
    all.push_back(std::move(text));
  }
  // An empty list reads as "none" but would mean "any".
  if (all.empty())
    return refused(view, "an empty list means nothing; leave the field out or name something");
  return all;
}

/// Reads one statement, field by field.
class StatementReader {
 public:
  explicit StatementReader(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  Result<Statement> read(const YamlView& view) {
    if (view.kind() != YamlView::Kind::kMap) return refused(view, "a statement is a map of fields");
    for (const auto& [name, value] : view.members()) KW_OK(read_field(name, value));
    KW_OK(check_whole(view));
    return std::move(statement_);
  }

 private:
  Status read_field(const std::string& name, const YamlView& value) {
    if (name == "effect") return read_effect(value);
    if (name == "principals") return read_principals(value);
    if (name == "roles") return read_roles(value);
    if (name == "actions") return read_actions(value);
    if (name == "tenant") return read_tenant(value);
    if (name == "kind") return read_kind(value);
    if (name == "names") return read_names(value);
    if (name == "prefix") return read_prefix(value);
    if (name == "when") return read_when(value);
    return refused_name(
        value,
        "unknown field; known are effect, principals, roles, actions, tenant, kind, "
        "names, prefix, when");
  }

  Status read_effect(const YamlView& value) {
    KW_TRY(const std::string text, word(value));
    if (text != "permit" && text != "forbid") return refused(value, "effect is permit or forbid");
    statement_.effect = text == "permit" ? Effect::kPermit : Effect::kForbid;
    has_effect_ = true;
    return ok();
  }

  Status read_principals(const YamlView& value) {
    KW_TRY(statement_.principals,
           words(value, [](const YamlView& at, const std::string& text) -> Status {
             if (!ObjectRule::matches(text)) return refused(at, ObjectRule::kGrammar);
             return ok();
           }));
    return ok();
  }

  Status read_roles(const YamlView& value) {
    KW_OK(words(value, [this](const YamlView& at, const std::string& text) -> Status {
      const auto role = parse_role(text);
      if (!role) return refused(at, "there is no role with this name");
      statement_.roles.push_back(*role);
      return ok();
    }));
    return ok();
  }

  Status read_actions(const YamlView& value) {
    KW_TRY(statement_.actions,
           words(value, [this](const YamlView& at, const std::string& text) -> Status {
             if (!is_one_of(vocabulary_.actions, text))
               return refused(at, "there is no action with this name");
             return ok();
           }));
    return ok();
  }

  Status read_tenant(const YamlView& value) {
    KW_TRY(statement_.tenant, word(value));
    if (!TenantRule::matches(statement_.tenant)) return refused(value, TenantRule::kGrammar);
    return ok();
  }

  Status read_kind(const YamlView& value) {
    KW_TRY(statement_.kind, word(value));
    if (!is_one_of(vocabulary_.kinds, statement_.kind))
      return refused(value, "there is no kind with this name");
    return ok();
  }

  static Status check_name(const YamlView& at, const std::string& text) {
    if (is_object_name(text)) return ok();
    return refused(
        at, "a name has letters, digits and . _ - / : @; there are no wildcards, use prefix");
  }

  Status read_names(const YamlView& value) {
    KW_TRY(statement_.names, words(value, check_name));
    return ok();
  }

  Status read_prefix(const YamlView& value) {
    KW_TRY(statement_.prefix, word(value));
    return check_name(value, statement_.prefix);
  }

  Status read_when(const YamlView& value) {
    if (value.kind() != YamlView::Kind::kMap)
      return refused(value, "when is a map of facts: {fact: value}");
    for (const auto& [fact, wanted] : value.members()) {
      if (!is_one_of(vocabulary_.facts, fact))
        return refused_name(wanted, "there is no fact with this name");
      KW_TRY(statement_.when[fact], word(wanted));
    }
    if (statement_.when.empty())
      return refused(value, "an empty condition means nothing; leave the field out");
    return ok();
  }

  Status check_whole(const YamlView& view) const {
    if (!has_effect_) return refused(view, "a statement needs an effect: permit or forbid");
    if (!statement_.principals.empty() && !statement_.roles.empty()) {
      return refused(view, "principals and roles exclude each other; write two statements");
    }
    if (!statement_.names.empty() && !statement_.prefix.empty()) {
      return refused(view, "names and prefix exclude each other; write two statements");
    }
    if (statement_.effect == Effect::kForbid) return ok();
    if (statement_.tenant.empty()) return refused(view, "a permit needs a tenant");
    if (statement_.kind.empty()) return refused(view, "a permit needs a kind");
    if (statement_.actions.empty()) return refused(view, "a permit needs actions");
    if (statement_.principals.empty() && statement_.roles.empty()) {
      return refused(view, "a permit needs principals or roles");
    }
    return ok();
  }

  const Vocabulary& vocabulary_;
  Statement statement_;
  bool has_effect_ = false;
};

}  // namespace

Result<std::vector<Statement>> parse_policy(std::string_view yaml, std::string_view name,
                                            const Vocabulary& vocabulary) {
  if (yaml.size() > kPolicyBytesMax) {
    return error(Code::kTooLarge, "policy_too_large", "a policy text has at most 64 KiB");
  }
  auto document = codec::YamlDocument::parse(yaml, name);
  if (!document) return refused(document.error());
  const YamlView root = document->root();
  if (root.kind() != YamlView::Kind::kMap)
    return refused(root, "a policy is a map with the field statements");
  std::vector<Statement> statements;
  for (const auto& [field, value] : root.members()) {
    if (field != "statements")
      return refused_name(value, "unknown field; a policy has only statements");
    if (value.kind() != YamlView::Kind::kSequence) return refused(value, "statements is a list");
    for (const YamlView& element : value.elements()) {
      KW_TRY(Statement statement, StatementReader(vocabulary).read(element));
      statement.where = std::string(name) + ":" + std::to_string(element.line());
      statements.push_back(std::move(statement));
    }
  }
  if (statements.empty()) return refused(root, "a policy needs at least one statement");
  return statements;
}

}  // namespace kw::auth
