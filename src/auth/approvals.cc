#include "auth/approvals.h"

#include <algorithm>
#include <array>

#include "auth/approval_rows.h"
#include "auth/high_water.h"
#include "auth/principal_rows.h"
#include "base/failpoint.h"
#include "crypto/random.h"

namespace kw::auth {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr int kNeededMax = 5;
constexpr std::size_t kTextMax = 1024;
constexpr int kPageRows = 250;
constexpr int kPagesMax = 40;  // 10,000 rows
constexpr hours kKeepClosed{24 * 90};

Error closed(std::string_view why) {
  return error(Code::kFailedPrecondition, "approval_closed", why);
}

Status check_wanted(const Approval& wanted, seconds valid) {
  const auto refused = [](std::string_view why) {
    return error(Code::kInvalidArgument, "bad_approval", why);
  };
  if (wanted.needed < 1 || wanted.needed > kNeededMax)
    return refused("1 to 5 approvals can be needed");
  if (valid < seconds(60) || valid > hours(24))
    return refused("an approval is valid from 60 s to 24 h");
  if (wanted.requester.empty()) return refused("an approval has a requester");
  for (const std::string* text :
       {&wanted.operation, &wanted.tenant, &wanted.object, &wanted.summary, &wanted.requester}) {
    if (text->size() > kTextMax)
      return refused("a text of the approval is longer than 1,024 bytes");
  }
  return ok();
}

bool same_request(const Approval& a, const Approval& b) {
  return a.request_hash == b.request_hash && a.operation == b.operation && a.tenant == b.tenant &&
         a.object == b.object;
}

// The principal's epoch when it is enabled; none when it is disabled or not ours.
Result<std::optional<std::int64_t>> enabled_epoch(store::Reader& reader, seal::Barrier& barrier,
                                                  std::string_view name) {
  KW_TRY(const auto row, find_principal(reader, barrier, name));
  if (!row || row->record.disabled) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(row->record.epoch);
}

Result<std::vector<std::string>> counting_votes(store::Reader& reader, seal::Barrier& barrier,
                                                const Approval& approval) {
  KW_TRY(const auto votes, votes_of(reader, barrier, approval.id));
  std::vector<std::string> approvers;
  for (const VoteRow& vote : votes) {
    KW_TRY(const auto epoch, enabled_epoch(reader, barrier, vote.approver));
    const bool unchanged = epoch && *epoch == vote.approver_epoch;
    if (unchanged && vote.approver != approval.requester) approvers.push_back(vote.approver);
  }
  return approvers;
}

ApprovalState state_now(const Approval& approval, WallTime now) {
  if (approval.state != ApprovalState::kOpen) return approval.state;
  if (now >= approval.expires_at) return ApprovalState::kExpired;
  const bool enough = static_cast<int>(approval.approvers.size()) >= approval.needed;
  return enough ? ApprovalState::kApproved : ApprovalState::kOpen;
}

// Votes and state added to a row as stored.
Result<Approval> complete(store::Reader& reader, seal::Barrier& barrier, const ApprovalRow& row,
                          WallTime now) {
  Approval approval = row.approval;
  KW_TRY(approval.approvers, counting_votes(reader, barrier, approval));
  approval.state = state_now(approval, now);
  return approval;
}

Status check_has_not_voted(const Approval& approval, std::string_view approver) {
  const auto& approvers = approval.approvers;
  if (std::find(approvers.begin(), approvers.end(), approver) == approvers.end()) return ok();
  return error(Code::kFailedPrecondition, "already_voted", "you have voted already");
}

}  // namespace

struct Approvals::Stored {
  ApprovalRow row;
  Approval approval;  // with votes and state as of `now`
  WallTime now;
};

std::string_view approval_state_name(ApprovalState state) {
  constexpr std::array<std::string_view, 5> kNames = {"open", "approved", "rejected", "spent",
                                                      "expired"};
  return kNames.at(static_cast<std::size_t>(state));
}

Approvals::Approvals(store::Store&, seal::Barrier& barrier, const Clock& clock)
    : barrier_(barrier), clock_(clock) {}

Result<WallTime> Approvals::now(store::Reader& reader) {
  KW_OK(raise_to_stored(reader, barrier_, clock_));
  return clock_.wall();
}

Result<Approvals::Stored> Approvals::load(store::Reader& reader, const ApprovalId& id) {
  KW_TRY(const WallTime at, now(reader));
  KW_TRY(auto row, find_approval(reader, barrier_, id));
  if (!row) return error(Code::kNotFound, "not_found", "there is no approval with this id");
  KW_TRY(Approval approval, complete(reader, barrier_, *row, at));
  return Stored{*std::move(row), std::move(approval), at};
}

Result<std::optional<Approval>> Approvals::find_live(store::Tx& tx, const Approval& wanted,
                                                     WallTime at) {
  KW_TRY(const auto rows, unexpired_approvals(tx, barrier_, wanted.requester, at));
  for (const ApprovalRow& row : rows) {
    if (!same_request(row.approval, wanted) || row.approval.needed < wanted.needed) continue;
    KW_TRY(Approval found, complete(tx, barrier_, row, at));
    return std::optional<Approval>(std::move(found));
  }
  if (static_cast<std::int64_t>(rows.size()) < kOpenApprovalsPerRequesterMax)
    return std::optional<Approval>();
  return error(Code::kResourceExhausted, "too_many_approvals",
               "you have 64 open approvals; withdraw some or wait until they expire");
}

Result<Approval> Approvals::open(store::Tx& tx, const Approval& wanted, seconds valid) {
  KW_FAILPOINT("auth.approval.open");
  KW_OK(check_wanted(wanted, valid));
  KW_TRY(const WallTime at, now(tx));
  KW_OK(forget_approvals(tx, wanted.requester, at - kKeepClosed));
  KW_TRY(auto live, find_live(tx, wanted, at));
  if (live) return *std::move(live);
  ApprovalRow row;
  row.approval = wanted;
  row.approval.id = crypto::random_id<ApprovalId>();
  row.approval.approvers.clear();
  row.approval.state = ApprovalState::kOpen;
  row.approval.created_at = at;
  row.approval.expires_at = at + valid;
  KW_OK(insert_approval(tx, barrier_, row));
  return row.approval;
}

Result<Approval> Approvals::approve(store::Tx& tx, const ApprovalId& id,
                                    std::string_view approver) {
  KW_FAILPOINT("auth.approval.approve");
  KW_TRY(Stored stored, load(tx, id));
  if (stored.approval.requester == approver) {
    return error(Code::kPermissionDenied, "own_request", "you cannot approve your own request");
  }
  KW_TRY(const auto epoch, enabled_epoch(tx, barrier_, approver));
  if (!epoch)
    return error(Code::kPermissionDenied, "approver_disabled", "this principal cannot vote");
  KW_OK(check_has_not_voted(stored.approval, approver));
  if (stored.approval.state != ApprovalState::kOpen)
    return closed("the approval takes no more votes");
  KW_OK(put_vote(tx, barrier_, {id, std::string(approver), *epoch, stored.now}));
  // The epoch moves so that a vote and a decision that do not know of each other cannot both
  // commit.
  KW_OK(write_state(tx, barrier_, stored.row, ApprovalState::kOpen));
  KW_TRY(stored.approval.approvers, counting_votes(tx, barrier_, stored.approval));
  stored.approval.state = state_now(stored.approval, stored.now);
  return std::move(stored.approval);
}

Result<Approval> Approvals::reject(store::Tx& tx, const ApprovalId& id, std::string_view approver) {
  KW_FAILPOINT("auth.approval.reject");
  KW_TRY(Stored stored, load(tx, id));
  KW_TRY(const auto epoch, enabled_epoch(tx, barrier_, approver));
  if (!epoch)
    return error(Code::kPermissionDenied, "approver_disabled", "this principal cannot vote");
  KW_OK(check_has_not_voted(stored.approval, approver));
  if (stored.approval.state != ApprovalState::kOpen &&
      stored.approval.state != ApprovalState::kApproved) {
    return closed("the approval takes no more votes");
  }
  KW_OK(write_state(tx, barrier_, stored.row, ApprovalState::kRejected));
  stored.approval.state = ApprovalState::kRejected;
  return std::move(stored.approval);
}

Result<Approval> Approvals::consume(store::Tx& tx, const ApprovalId& id, std::string_view requester,
                                    const crypto::Digest256& request_hash) {
  KW_FAILPOINT("auth.approval.consume");
  KW_TRY(Stored stored, load(tx, id));
  if (stored.approval.requester != requester || stored.approval.request_hash != request_hash) {
    return error(Code::kPermissionDenied, "approval_mismatch",
                 "the approval is for another request");
  }
  if (stored.approval.state == ApprovalState::kOpen) {
    return error(Code::kFailedPrecondition, "approval_open", "the request is not approved yet");
  }
  if (stored.approval.state != ApprovalState::kApproved) {
    return closed("the approval is " + std::string(approval_state_name(stored.approval.state)));
  }
  KW_OK(write_state(tx, barrier_, stored.row, ApprovalState::kSpent));
  stored.approval.state = ApprovalState::kSpent;
  return std::move(stored.approval);
}

Result<Approval> Approvals::show(store::Reader& reader, const ApprovalId& id) {
  KW_TRY(Stored stored, load(reader, id));
  return std::move(stored.approval);
}

Result<std::vector<Approval>> Approvals::list(store::Reader& reader, std::string_view tenant,
                                              std::optional<ApprovalState> state, int limit) {
  KW_TRY(const WallTime at, now(reader));
  const auto wanted = static_cast<std::size_t>(std::clamp(limit, 1, 1000));
  std::vector<Approval> found;
  std::vector<ApprovalRow> page;
  for (int pages = 0; pages < kPagesMax; ++pages) {
    const Approval last = page.empty() ? Approval{} : page.back().approval;
    KW_TRY(page, approvals_page(reader, barrier_, tenant, pages == 0 ? nullptr : &last, kPageRows));
    for (const ApprovalRow& row : page) {
      KW_TRY(Approval approval, complete(reader, barrier_, row, at));
      if (state && approval.state != *state) continue;
      found.push_back(std::move(approval));
      if (found.size() == wanted) return found;
    }
    if (static_cast<int>(page.size()) < kPageRows) break;
  }
  return found;
}

}  // namespace kw::auth
