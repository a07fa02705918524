// Administering access: principals, tokens, access policies, approvals.
#pragma once

#include <optional>
#include <vector>

#include "service/gate.h"

namespace kw::service {

/// @errors kInvalidArgument(duties_conflict), kAlreadyExists(already_exists). @audit
/// principal.write
Result<auth::PrincipalRecord> create_principal(House& house, Call& call,
                                               const auth::NewPrincipal& principal,
                                               const Wording<auth::PrincipalRecord>& wording = {});
struct PrincipalUpdate {
  std::optional<std::vector<auth::Grant>> grants;
  std::optional<bool> disabled;
  std::optional<std::string> certificate_name;
  std::optional<std::int64_t> expected_epoch;
};
/// @errors kAborted(stale_epoch), kPermissionDenied(own_grants): nobody changes their own roles.
/// @audit principal.write
Result<auth::PrincipalRecord> update_principal(House& house, Call& call,
                                               const PrincipalUpdate& update,
                                               const Wording<auth::PrincipalRecord>& wording = {});
Result<std::vector<auth::PrincipalRecord>> list_principals(House& house, Call& call,
                                                           std::string_view after, int limit);

/// The text is shown once and kept nowhere. @audit token.write
Result<auth::IssuedToken> issue_token(House& house, Call& call, const auth::NewToken& token);
/// Nobody is authenticated before: role and secret id are the proof. @errors
/// kUnauthenticated(secret_id_invalid). @audit auth.exchange
Result<auth::IssuedToken> exchange_secret_id(House& house, Call& call, const ObjectName& role,
                                             std::string_view secret_id,
                                             std::string_view certificate_sha256_hex);
Status revoke_token(House& house, Call& call, std::string_view accessor,
                    const Wording<Done>& wording = {});
Result<std::vector<auth::TokenRecord>> list_tokens(House& house, Call& call,
                                                   std::string_view principal,
                                                   std::string_view after, int limit);
/// The caller as authenticated.
Result<std::shared_ptr<const auth::Principal>> who_am_i(House& house, Call& call);

/// @errors kInvalidArgument(bad_policy). @audit access-policy.write
Status put_policy(House& house, Call& call, const ObjectName& name, std::string_view yaml,
                  const Wording<Done>& wording = {});
Status remove_policy(House& house, Call& call, const ObjectName& name,
                     const Wording<Done>& wording = {});
Result<std::vector<auth::Access::PolicyRecord>> list_policies(House& house, Call& call);

Result<std::vector<auth::Approval>> list_approvals(House& house, Call& call,
                                                   std::optional<auth::ApprovalState> state,
                                                   int limit);
/// The approval that the path names, after authorisation for its tenant, which it puts into the
/// call. @errors as authorise; kNotFound(not_found)
Result<auth::Approval> visible_approval(House& house, Call& call, const ApprovalId& id);
Result<auth::Approval> show_approval(House& house, Call& call, const ApprovalId& id);
enum class Vote : std::uint8_t { kApprove, kReject };
/// @errors kPermissionDenied(own_request), kFailedPrecondition(already_voted | approval_closed).
/// @audit approval.vote
Result<auth::Approval> vote(House& house, Call& call, const ApprovalId& id, Vote vote,
                            const Wording<auth::Approval>& wording = {});

}  // namespace kw::service
