// The version state machine of keys and secrets: 10 states, 33 legal transitions, who may make each and under which
// guard. The table is docs/formats/states.md; source: NIST SP 800-57 Part 1 Rev. 5, section 7, and
// DESIGN 4.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace kw::rotation {

enum class VersionState : std::uint8_t {
  kPending,
  kActive,
  kPrimary,
  kSecondary,
  kRetired,
  kArchived,
  kSuspended,
  kRevoked,
  kDestroying,
  kDestroyed,
};
inline constexpr int kStateCount = 10;

std::string_view state_name(VersionState state);  ///< "pending" … "destroyed"
Result<VersionState> parse_state(std::string_view name);

/// One legal transition. `rule` names the row of the table ("S3").
struct Transition {
  VersionState from;
  VersionState to;
  std::string_view rule;
  int approvals;  ///< distinct approvers beside the requester: S8, S9: 1; S12: 2; else 0
};
std::span<const Transition> transitions();  ///< exactly 33
/// @errors kFailedPrecondition(invalid_transition)
Result<Transition> find_transition(VersionState from, VersionState to);

/// What a version may do in a state.
enum class VersionUse : std::uint8_t { kProtect, kProcess, kVerify };
enum class Permission : std::uint8_t {
  kYes,        ///< by default
  kNamed,      ///< only when the caller names the version (canary, rollout)
  kInGrace,    ///< only when named and inside the lease grace after demotion
  kByGrant,    ///< only by a time-boxed grant (archived: decrypt)
  kUntrusted,  ///< verify answers "untrusted" with the reason
  kNo,
};
Permission permission(VersionState state, VersionUse use);

}  // namespace kw::rotation
