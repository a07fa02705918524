// Reads a leaf back: the strict inverse of leaf_json, for the verifier and for anchors. Pure
// functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace kw::audit {

/// The members that a verifier looks at. Views are borrowed from the leaf and still JSON-escaped;
/// "" or 0 when absent.
struct Leaf {
  std::string_view action, kind, node, note, object, outcome, time, from_state, to_state;
  std::int64_t version = 0;
  std::int64_t count = 0;
  std::int64_t demoted = 0;
};

/// Accepts one flat object of strings and integers in canonical form: members strictly ascending,
/// no white space, each character escaped only when it must be and in its one way, valid UTF-8,
/// integers within 2^53 - 1 and not "-0". Unknown members are allowed: records of later versions
/// stay readable.
/// @errors kInvalidArgument(not_canonical). @source RFC 8785.
Result<Leaf> parse_leaf(std::string_view text);

}  // namespace kw::audit
