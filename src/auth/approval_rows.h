// The tables `approval` and `approval_vote`. Inside the room only.
#pragma once

#include <optional>

#include "auth/approvals.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::auth {

/// As stored: `state` is kOpen, kRejected or kSpent, the rest is computed; `approvers` is empty.
struct ApprovalRow {
  Approval approval;
  std::int64_t epoch = 1;  ///< compare-and-swap counter
};
struct VoteRow {
  ApprovalId approval;
  std::string approver;
  std::int64_t approver_epoch = 0;  ///< of the principal when it voted
  WallTime voted_at;
};

/// @errors of all reads: kDataLoss(row_tampered)
Result<std::optional<ApprovalRow>> find_approval(store::Reader& reader, seal::Barrier& barrier,
                                                 const ApprovalId& id);
/// Those of the requester that have not expired at `at`, whatever their state.
Result<std::vector<ApprovalRow>> unexpired_approvals(store::Reader& reader, seal::Barrier& barrier,
                                                     std::string_view requester, WallTime at);
/// A page of the tenant's, newest first, older than `before` (none: from the newest).
Result<std::vector<ApprovalRow>> approvals_page(store::Reader& reader, seal::Barrier& barrier,
                                                std::string_view tenant, const Approval* before,
                                                int limit);
Status insert_approval(store::Tx& tx, seal::Barrier& barrier, const ApprovalRow& row);
/// Writes the state over a row that still has row.epoch. @errors kAborted(stale_epoch)
Status write_state(store::Tx& tx, seal::Barrier& barrier, const ApprovalRow& row,
                   ApprovalState state);
Result<std::vector<VoteRow>> votes_of(store::Reader& reader, seal::Barrier& barrier,
                                      const ApprovalId& id);
/// Adds a vote, or replaces one of the same approver that counts no more.
Status put_vote(store::Tx& tx, seal::Barrier& barrier, const VoteRow& vote);
/// Forgets the requester's approvals, with their votes, that expired before `before`.
Status forget_approvals(store::Tx& tx, std::string_view requester, WallTime before);

}  // namespace kw::auth
