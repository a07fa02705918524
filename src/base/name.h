// Names that people give. Parsed once at the boundary; everything behind it holds the typed form.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kw {

/// A name that satisfied the grammar of `Rule`. Names compare byte by byte; there is no case
/// folding.
template <typename Rule>
class Name {
 public:
  /// @errors kInvalidArgument(bad_name): outside the grammar; nothing is ever "cleaned".
  static Result<Name> parse(std::string_view text) {
    if (!Rule::matches(text)) return error(Code::kInvalidArgument, "bad_name", Rule::kGrammar);
    return Name(std::string(text));
  }
  const std::string& text() const { return text_; }
  auto operator<=>(const Name&) const = default;

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct TenantRule {
  static constexpr std::string_view kGrammar =
      "a tenant name is [a-z0-9][a-z0-9-]{0,62}: lower-case letters, digits and hyphens";
  static bool matches(std::string_view text);
};
struct ObjectRule {
  static constexpr std::string_view kGrammar =
      "a name is [A-Za-z0-9][A-Za-z0-9._-]{0,127}: letters, digits, dot, underscore, hyphen";
  static bool matches(std::string_view text);
};
struct PathRule {
  static constexpr std::string_view kGrammar =
      "a path is at most 255 bytes: names [A-Za-z0-9][A-Za-z0-9._-]* with '/' between";
  static bool matches(std::string_view text);
};

/// `[a-z0-9][a-z0-9-]{0,62}`. The tenant `system` holds the platform's own objects.
using TenantName = Name<TenantRule>;
/// `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`: keys, aliases, policies, principals.
using ObjectName = Name<ObjectRule>;
/// Names with '/' between, at most 255 bytes: secrets. Every ObjectName is one.
using SecretPath = Name<PathRule>;

}  // namespace kw

template <typename Rule>
struct std::hash<kw::Name<Rule>> {
  std::size_t operator()(const kw::Name<Rule>& name) const noexcept {
    return std::hash<std::string>{}(name.text());
  }
};
