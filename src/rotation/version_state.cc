#include "rotation/version_state.h"

#include <algorithm>
#include <array>

namespace kw::rotation {

namespace {

using enum VersionState;

constexpr std::array<std::string_view, kStateCount> kNames = {
    "pending",  "active",    "primary", "secondary",  "retired",
    "archived", "suspended", "revoked", "destroying", "destroyed",
};

// NIST SP 800-57 Part 1 Rev. 5, section 7: pre-activation, active, suspended, deactivated,
// compromised, destroyed. Demotion (S4, second row) happens only together with a promotion.
constexpr std::array<Transition, 33> kTransitions = {{
    {kPending, kActive, "S2", 0},        {kActive, kPrimary, "S3", 0},
    {kPrimary, kSecondary, "S4", 0},     {kSecondary, kPrimary, "S4", 0},
    {kSecondary, kRetired, "S5", 0},     {kActive, kRetired, "S6", 0},
    {kRetired, kArchived, "S7", 0},      {kArchived, kRetired, "S7", 0},
    {kPending, kRevoked, "S8", 1},       {kActive, kRevoked, "S8", 1},
    {kSecondary, kRevoked, "S8", 1},     {kRetired, kRevoked, "S8", 1},
    {kArchived, kRevoked, "S8", 1},      {kSuspended, kRevoked, "S8", 1},
    {kPrimary, kRevoked, "S9", 1},       {kActive, kSuspended, "S10", 0},
    {kPrimary, kSuspended, "S10", 0},    {kSecondary, kSuspended, "S10", 0},
    {kRetired, kSuspended, "S10", 0},    {kArchived, kSuspended, "S10", 0},
    {kSuspended, kActive, "S11", 0},     {kSuspended, kSecondary, "S11", 0},
    {kSuspended, kRetired, "S11", 0},    {kSuspended, kArchived, "S11", 0},
    {kPending, kDestroying, "S12", 2},   {kArchived, kDestroying, "S12", 2},
    {kRevoked, kDestroying, "S12", 2},   {kSuspended, kDestroying, "S12", 2},
    {kDestroying, kPending, "S13", 0},   {kDestroying, kArchived, "S13", 0},
    {kDestroying, kRevoked, "S13", 0},   {kDestroying, kSuspended, "S13", 0},
    {kDestroying, kDestroyed, "S14", 0},
}};

struct Permissions {
  Permission protect;
  Permission process;
  Permission verify;
};

Permissions permissions(VersionState state) {
  using enum Permission;
  switch (state) {
    case kPending:
      return {kNo, kNo, kNo};
    case kActive:
      return {kNamed, kYes, kYes};
    case kPrimary:
      return {kYes, kYes, kYes};
    case kSecondary:
      return {kInGrace, kYes, kYes};
    case kRetired:
      return {kNo, kYes, kYes};
    case kArchived:
      return {kNo, kByGrant, kYes};
    case kSuspended:
    case kRevoked:
    case kDestroying:
    case kDestroyed:
      return {kNo, kNo, kUntrusted};
  }
  return {kNo, kNo, kNo};
}

}  // namespace

std::string_view state_name(VersionState state) {
  return kNames.at(static_cast<std::size_t>(state));
}

Result<VersionState> parse_state(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) {
    return error(Code::kInvalidArgument, "unknown_state", "no version state has this name");
  }
  return static_cast<VersionState>(found - kNames.begin());
}

std::span<const Transition> transitions() {
  return kTransitions;
}

Result<Transition> find_transition(VersionState from, VersionState to) {
  const auto found =
      std::find_if(kTransitions.begin(), kTransitions.end(),
                   [&](const Transition& each) { return each.from == from && each.to == to; });
  if (found != kTransitions.end()) return *found;
  return error(Code::kFailedPrecondition, "invalid_transition",
               "a version cannot go from " + std::string(state_name(from)) + " to " +
                   std::string(state_name(to)));
}

Permission permission(VersionState state, VersionUse use) {
  const Permissions all = permissions(state);
  switch (use) {
    case VersionUse::kProtect:
      return all.protect;
    case VersionUse::kProcess:
      return all.process;
    case VersionUse::kVerify:
      return all.verify;
  }
  return Permission::kNo;
}

}  // namespace kw::rotation
