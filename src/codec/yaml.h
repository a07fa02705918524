// YAML for configuration and policy files, with the line and column of everything, so that errors
// can point. A small and predictable part of YAML 1.2: no anchors, aliases or tags, one document,
// keys are scalars.
//
//   KW_TRY(const YamlDocument file, YamlDocument::parse(text, "keywright.yaml"));
//   KW_TRY(const YamlView listen, file.root().member("listen"));
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kw::codec {

/// A borrowed node; valid while its YamlDocument lives. Reading is safe from any thread. Every
/// message begins with "file:line:column: ".
class YamlView {
 public:
  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMap };

  Kind kind() const;
  int line() const;    ///< counted from 1
  int column() const;  ///< counted from 1, in characters

  /// The scalar's text, whether quoted or not. @errors kInvalidArgument(yaml_type)
  Result<std::string> text() const;
  /// An unquoted decimal number within int64, without sign `+`, leading zeros or underscores.
  /// @errors kInvalidArgument(yaml_type)
  Result<std::int64_t> integer() const;
  /// Unquoted `true` or `false`; not yes, no, on, off. @errors kInvalidArgument(yaml_type)
  Result<bool> boolean() const;
  /// "90s", "15m", "2h", "30d" or a whole number of seconds, in seconds; never negative.
  /// @errors kInvalidArgument(yaml_duration)
  Result<std::int64_t> seconds() const;

  /// True when this map has the member.
  bool has(std::string_view name) const;
  /// The member, or nothing: for optional settings.
  std::optional<YamlView> find(std::string_view name) const;
  /// @errors kInvalidArgument(yaml_type) when not a map, kInvalidArgument(yaml_missing)
  Result<YamlView> member(std::string_view name) const;
  /// Empty when not a sequence.
  std::vector<YamlView> elements() const;
  /// In text order; empty when not a map.
  std::vector<std::pair<std::string, YamlView>> members() const;

  /// "file:line:column" of this node, for messages.
  std::string where() const;
  /// "file:line:column" of the name of this member; where() for all others.
  std::string where_name() const;

  struct Node;

 private:
  friend class YamlDocument;
  explicit YamlView(const Node* node) : node_(node) {}
  Error wrong_type(std::string_view wanted) const;

  const Node* node_;
};

/// A parsed YAML text. Owns its nodes. For configuration, not for secrets: nothing here is wiped.
class YamlDocument {
 public:
  /// Reads one document; an empty text is a null. At most 1 MiB, depth 32, 20,000 nodes (map keys
  /// included) and 20,000 characters `[` and `{`; the limits hold while it is read, before anything
  /// is built.
  ///
  /// @param file_name  what messages call the text.
  /// @errors kInvalidArgument(yaml_syntax | yaml_duplicate_key | yaml_limit), each with
  /// "file:line:column: ".
  /// @source YAML 1.2.2.
  static Result<YamlDocument> parse(std::string_view text, std::string_view file_name);
  YamlDocument(YamlDocument&&) noexcept;
  YamlDocument& operator=(YamlDocument&&) noexcept;
  ~YamlDocument();
  YamlView root() const;

 private:
  explicit YamlDocument(std::unique_ptr<YamlView::Node> root);
  std::unique_ptr<YamlView::Node> root_;
};

}  // namespace kw::codec
