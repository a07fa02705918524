#include "keys/state.h"

#include <gtest/gtest.h>

#include "audit/legal_transitions.h"

#include <map>
#include <set>
#include <string>

namespace kw::keys {
namespace {

using enum VersionState;

constexpr VersionState kAll[] = {kPending,  kActive,    kPrimary, kSecondary,  kRetired,
                                 kArchived, kSuspended, kRevoked, kDestroying, kDestroyed};

/// The table of the specification, written a second time and in another form: from -> letters of
/// where it may go (p a P s r A S R D X, in the order of the enumeration).
const std::map<VersionState, std::string> kTable = {
    {kPending, "aRD"},      {kActive, "PrSR"},   {kPrimary, "sSR"},      {kSecondary, "PrSR"},
    {kRetired, "ASR"},      {kArchived, "rSRD"}, {kSuspended, "asrARD"}, {kRevoked, "D"},
    {kDestroying, "pARSX"}, {kDestroyed, ""},
};
constexpr std::string_view kLetters = "paPsrASRDX";

TEST(State, allows_exactly_the_pairs_of_the_table) {
  int allowed = 0, refused = 0, selves = 0;
  for (const VersionState from : kAll) {
    for (const VersionState to : kAll) {
      const bool legal =
          kTable.at(from).find(kLetters[static_cast<std::size_t>(to)]) != std::string::npos;
      const auto found = find_transition(from, to);
      EXPECT_EQ(found.has_value(), legal) << state_name(from) << " to " << state_name(to);
      if (!found) {
        EXPECT_EQ(found.error().code, Code::kFailedPrecondition);
        EXPECT_EQ(found.error().reason, "invalid_transition");
      }
      (from == to ? selves : legal ? allowed : refused) += 1;
    }
  }
  EXPECT_EQ(allowed, 33);
  EXPECT_EQ(refused, 57);
  EXPECT_EQ(selves, 10);
  EXPECT_EQ(transitions().size(), 33u);
}

TEST(State, lists_each_transition_once) {
  std::set<std::pair<VersionState, VersionState>> seen;
  for (const Transition& each : transitions()) {
    EXPECT_TRUE(seen.insert({each.from, each.to}).second)
        << state_name(each.from) << " to " << state_name(each.to);
  }
}

TEST(State, is_the_table_that_the_audit_verifier_checks) {
  std::set<std::pair<std::string, std::string>> here, there;
  for (const Transition& each : transitions())
    here.emplace(state_name(each.from), state_name(each.to));
  for (const audit::StatePair& each : audit::kLegalTransitions) there.emplace(each.from, each.to);
  EXPECT_EQ(here, there);
}

TEST(State, wants_approvals_for_revocation_and_destruction_only) {
  for (const Transition& each : transitions()) {
    const int wanted = each.to == kRevoked && each.from != kDestroying ? 1
                       : each.to == kDestroying                        ? 2
                                                                       : 0;
    EXPECT_EQ(each.approvals, wanted) << state_name(each.from) << " to " << state_name(each.to);
    EXPECT_EQ(each.rule.front(), 'S');
  }
}

TEST(State, names_round_trip_and_foreign_names_are_refused) {
  for (const VersionState state : kAll) EXPECT_EQ(*parse_state(state_name(state)), state);
  for (const auto name : {"", "Primary", "primary ", "unknown"}) {
    EXPECT_EQ(parse_state(name).error().reason, "unknown_state") << name;
  }
}

TEST(State, permits_what_the_operations_table_says) {
  using enum Permission;
  const std::map<VersionState, std::array<Permission, 3>> wanted = {
      {kPending, {kNo, kNo, kNo}},           {kActive, {kNamed, kYes, kYes}},
      {kPrimary, {kYes, kYes, kYes}},        {kSecondary, {kInGrace, kYes, kYes}},
      {kRetired, {kNo, kYes, kYes}},         {kArchived, {kNo, kByGrant, kYes}},
      {kSuspended, {kNo, kNo, kUntrusted}},  {kRevoked, {kNo, kNo, kUntrusted}},
      {kDestroying, {kNo, kNo, kUntrusted}}, {kDestroyed, {kNo, kNo, kUntrusted}},
  };
  for (const VersionState state : kAll) {
    EXPECT_EQ(permission(state, Use::kProtect), wanted.at(state)[0]) << state_name(state);
    EXPECT_EQ(permission(state, Use::kProcess), wanted.at(state)[1]) << state_name(state);
    EXPECT_EQ(permission(state, Use::kVerify), wanted.at(state)[2]) << state_name(state);
  }
}

TEST(State, only_the_primary_protects_by_default) {
  for (const VersionState state : kAll) {
    EXPECT_EQ(permission(state, Use::kProtect) == Permission::kYes, state == kPrimary);
  }
}

}  // namespace
}  // namespace kw::keys
