// The policy language: one YAML or JSON text (JSON is YAML) that says what it applies to and what
// it demands. Plain values.
//
//   name: card-data
//   extends: [pci-dss-4.0.1]
//   applies_to: {tenants: [acme], classifications: [confidential, restricted]}
//   windows: [{cron: "0 2 * * sat", length: 4h, zone: Europe/Berlin}]
//   types:
//     dek: {interval: 45d}
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rotation/clauses.h"
#include "rotation/subject.h"

namespace kw::rotation {

inline constexpr std::size_t kPolicyBytesMax = 64 * 1024;
inline constexpr std::string_view kClassifications[] = {"public", "internal", "confidential",
                                                        "restricted"};

/// What a document applies to. An empty field does not restrict; all others must match.
struct Selector {
  std::vector<std::string> tenants, kinds, types, classifications, owners;
  std::string name_prefix;
  std::map<std::string, std::string> labels;
  bool matches(const SubjectFacts& facts) const;
};

struct PolicyDocument {
  std::string name;  ///< as an ObjectName
  std::string description;
  std::vector<std::string> extends;  ///< names of templates, which then apply as well
  Selector applies_to;
  /// Of a framework that leaves the numbers to the entity: they are printed as "entity-defined".
  bool entity_defined = false;
  std::string control;                   ///< of the framework: "3.7.4"
  Clauses clauses;                       ///< for all types
  std::map<std::string, Clauses> types;  ///< by type; what it says replaces the clauses for all
};

/// Reads one document. At most 64 KiB, 64 types, 64 entries in a list.
///
/// @param source  what messages call the text: a file's name.
/// @errors kInvalidArgument(bad_policy | bad_cron | unknown_zone | unknown_template), each with
///   "source:line:column: " and what to write instead; kTooLarge(policy_too_large).
Result<PolicyDocument> parse_policy_document(std::string_view text, std::string_view source);
/// The canonical text: fields in the order of the reference, no defaults. Reads back alike.
std::string policy_text(const PolicyDocument& document);

/// The templates built into the program, and "defaults" (one section per type), which speaks only
/// where no other document does. Parsed once; immutable.
std::span<const PolicyDocument> policy_templates();
/// nullptr when there is none.
const PolicyDocument* find_template(std::string_view name);
/// Its text as it was written, with comments; "" when there is none.
std::string_view template_text(std::string_view name);

}  // namespace kw::rotation
