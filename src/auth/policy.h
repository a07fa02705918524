// Access policies: typed permit and forbid statements. Default deny; forbid always wins; equality
// and prefix only, no globs.
//
// YAML form (docs/guide/access.md):
//   statements:
//     - effect: permit                # or forbid
//       principals: [payments-app]    # names; or roles: [key-user]
//       actions: [key:encrypt, key:decrypt]
//       tenant: acme
//       kind: key
//       names: [orders]               # or prefix: "pay-"; neither: all of the kind
//       when: {classification: internal}   # equality on server-side facts
// A permit says all of effect, principals or roles, actions, tenant and kind. In a forbid each of
// them but effect may be left out and then means "any"; a forbid whose condition cannot be judged,
// because a fact is not known, holds. Order never matters. Plain values and pure functions;
// thread-safe as std::vector. Source of the semantics: Cedar (default deny, forbid wins).
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/result.h"

namespace kw::auth {

inline constexpr std::size_t kPolicyBytesMax = 64 * 1024;

enum class Effect : std::uint8_t { kPermit, kForbid };

struct Statement {
  Effect effect = Effect::kPermit;
  std::vector<std::string> principals;
  std::vector<Role> roles;
  std::vector<std::string> actions;
  std::string tenant;  ///< never empty for permit
  std::string kind;
  std::vector<std::string> names;
  std::string prefix;
  std::map<std::string, std::string> when;
  std::string where;  ///< "payments:9", for explanations
};

/// What is asked. All facts come from the server, none from the request's text.
struct Question {
  std::string_view action;  ///< "key:encrypt"
  std::string_view tenant;  ///< "" for system-wide objects
  std::string_view kind;    ///< "key"
  std::string_view name;    ///< "" when the question is about the kind as a whole
  std::vector<Role> roles;  ///< roles that hold this action by default (operations.def)
  std::map<std::string, std::string> facts;
};

struct Decision {
  bool allowed = false;
  std::string because;  ///< "role key-admin", "payments:9 permits", "no permit matches; nearest is
                        ///< payments:9"
};

/// The words that policies may use. A word that is not here is refused, so that a misspelt forbid
/// cannot stay silent. Borrowed: the lists outlive their user.
struct Vocabulary {
  std::span<const std::string_view> actions;  ///< "key:encrypt" …
  std::span<const std::string_view> kinds;    ///< "key" …
  std::span<const std::string_view> facts;    ///< "classification" …: what `when` may compare
};

/// The statements of one policy text of at most kPolicyBytesMax bytes.
///
/// @param name  of the policy; prefix of Statement::where and of messages.
/// @errors kInvalidArgument(bad_policy): unknown field, action, kind, fact or role, with line and
/// column;
///   kTooLarge(policy_too_large)
Result<std::vector<Statement>> parse_policy(std::string_view yaml, std::string_view name,
                                            const Vocabulary& vocabulary);

/// Pure. O(statements). Allowed when no forbid matches and the principal holds a role of the
/// question or a permit matches.
///
/// A permit lends its principal the role that holds the action; with Duties::kEnforce a loan that
/// separation of duties forbids has no effect, so that no policy makes a key administrator a user
/// of the key.
/// @source ANSI INCITS 359-2012, dynamic separation of duty.
Decision decide(const Principal& principal, const Question& question,
                const std::vector<Statement>& statements, Duties duties = Duties::kEnforce);

}  // namespace kw::auth
