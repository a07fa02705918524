// The legal transitions of a key version, as the verifier checks them in the log. The `keys` room
// owns the rules; this table repeats the pairs because the verifier stands below it, and a test of
// `keys` holds the two together.
// @source spec/security.md 3, rules S1 to S14; NIST SP 800-57 Part 1 Rev. 5, 7.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace kw::audit {

struct StatePair {
  std::string_view from;
  std::string_view to;
};

/// How a version may begin: the leaf's from_state is "none".
inline constexpr std::string_view kNoState = "none";
inline constexpr std::array<std::string_view, 3> kFirstStates = {"pending", "active", "primary"};

inline constexpr std::array<StatePair, 33> kLegalTransitions = {{
    {"pending", "active"},       {"active", "primary"},       {"primary", "secondary"},
    {"secondary", "primary"},    {"secondary", "retired"},    {"active", "retired"},
    {"retired", "archived"},     {"archived", "retired"},     {"pending", "revoked"},
    {"active", "revoked"},       {"secondary", "revoked"},    {"retired", "revoked"},
    {"archived", "revoked"},     {"suspended", "revoked"},    {"primary", "revoked"},
    {"active", "suspended"},     {"primary", "suspended"},    {"secondary", "suspended"},
    {"retired", "suspended"},    {"archived", "suspended"},   {"suspended", "active"},
    {"suspended", "secondary"},  {"suspended", "retired"},    {"suspended", "archived"},
    {"pending", "destroying"},   {"archived", "destroying"},  {"revoked", "destroying"},
    {"suspended", "destroying"}, {"destroying", "pending"},   {"destroying", "archived"},
    {"destroying", "revoked"},   {"destroying", "suspended"}, {"destroying", "destroyed"},
}};

/// True when a version may go from `from` ("none" for a new one) to `to`.
inline bool is_legal_transition(std::string_view from, std::string_view to) {
  if (from == kNoState)
    return std::find(kFirstStates.begin(), kFirstStates.end(), to) != kFirstStates.end();
  return std::any_of(kLegalTransitions.begin(), kLegalTransitions.end(),
                     [&](const StatePair& pair) { return pair.from == from && pair.to == to; });
}

}  // namespace kw::audit
