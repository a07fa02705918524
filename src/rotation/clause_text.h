// The clauses of one section, read and written. Inside the room only.
#pragma once

#include <span>
#include <string>

#include "rotation/field_value.h"

namespace kw::rotation {

/// A member of a section under its full name: "overlap" {min: 1d} is "overlap.min".
struct NamedValue {
  std::string name;
  YamlView value;
};

/// The members of a map, those of "rollout" and "overlap" under their full names.
std::vector<NamedValue> flat_members(const YamlView& map);

/// Reads one member. @errors kInvalidArgument(bad_policy): unknown, or given twice
Status read_clause(const NamedValue& member, Clauses& out);

/// One line per field, each with `indent` spaces in front.
std::string clauses_text(const Clauses& clauses, int indent);

/// "unknown field "intervall"; did you mean interval?"
std::string unknown_field(std::string_view name, std::span<const std::string_view> known);

}  // namespace kw::rotation
