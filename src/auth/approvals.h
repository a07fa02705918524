// Quorum approvals: M distinct people, none of them the requester, for one exact request, once,
// until it expires.
//
// Tables: approval, approval_vote (rows carry a MAC). A request that needs approval is answered
// approval_required with an id; approvers vote; the requester repeats the same request naming the
// id; consume() spends it. Whether it is approved is computed at each look: a vote counts while its
// principal is enabled and unchanged since the vote. Thread-safe. Borrows barrier and clock; expiry
// is checked on a wall clock held at its high-water mark.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "auth/held_clock.h"
#include "auth/principal.h"
#include "base/id.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "store/store.h"

namespace kw::seal {
class Barrier;
}

namespace kw::auth {

inline constexpr std::int64_t kOpenApprovalsPerRequesterMax = 64;

enum class ApprovalState : std::uint8_t { kOpen, kApproved, kRejected, kSpent, kExpired };
/// "open", "approved", "rejected", "spent", "expired".
std::string_view approval_state_name(ApprovalState state);

struct Approval {
  ApprovalId id;
  std::string operation, tenant, object;
  std::string summary;               ///< one sentence from our own code
  crypto::Digest256 request_hash{};  ///< SHA-256 of the canonical request, tenant and object epoch
  std::string requester;
  int needed = 0;
  std::vector<std::string> approvers;  ///< those whose votes count now, by name
  ApprovalState state = ApprovalState::kOpen;
  WallTime created_at, expires_at;
};

class Approvals {
 public:
  Approvals(store::Store& store, seal::Barrier& barrier, const Clock& clock);

  /// Opens, or finds the live one (open or approved) of the same requester for the same request
  /// that needs as many. Reads operation, tenant, object, summary, request_hash, requester and
  /// needed (1 to 5) of `wanted`.
  /// @param valid  60 s to 24 h.
  /// @errors kInvalidArgument(bad_approval), kResourceExhausted(too_many_approvals)
  Result<Approval> open(store::Tx& tx, const Approval& wanted, std::chrono::seconds valid);
  /// Adds a vote. Whether the approver may vote at all is the caller's decision (roles, policies).
  /// @errors kPermissionDenied(own_request | approver_disabled: disabled or no principal of ours),
  ///   kFailedPrecondition(already_voted | approval_closed), kNotFound(not_found)
  Result<Approval> approve(store::Tx& tx, const ApprovalId& id, std::string_view approver);
  /// One rejection closes an open or approved one. The requester may withdraw their own request in
  /// this way.
  /// @errors kPermissionDenied(approver_disabled), kFailedPrecondition(already_voted |
  /// approval_closed),
  ///   kNotFound(not_found)
  Result<Approval> reject(store::Tx& tx, const ApprovalId& id, std::string_view approver);
  /// Spends an approved one for exactly this request, in the transaction that does the work.
  /// Exactly one caller wins.
  /// @errors kPermissionDenied(approval_mismatch), kFailedPrecondition(approval_open |
  /// approval_closed),
  ///   kNotFound(not_found), kAborted(stale_epoch): changed meanwhile
  Result<Approval> consume(store::Tx& tx, const ApprovalId& id, std::string_view requester,
                           const crypto::Digest256& request_hash);
  /// @errors kNotFound(not_found), kDataLoss(row_tampered)
  Result<Approval> show(store::Reader& reader, const ApprovalId& id);
  /// Newest first, at most `limit` (1 to 1,000) of the newest 10,000 of the tenant. Closed ones are
  /// kept for 90 d.
  Result<std::vector<Approval>> list(store::Reader& reader, std::string_view tenant,
                                     std::optional<ApprovalState> state, int limit);

 private:
  struct Stored;
  Result<WallTime> now(store::Reader& reader);
  Result<Stored> load(store::Reader& reader, const ApprovalId& id);
  Result<std::optional<Approval>> find_live(store::Tx& tx, const Approval& wanted, WallTime at);

  seal::Barrier& barrier_;
  HeldClock clock_;
};

}  // namespace kw::auth
