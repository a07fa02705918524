#include "auth/approval_rows.h"

#include <algorithm>
#include <limits>

namespace kw::auth {
namespace {

constexpr std::string_view kTable = "approval";
constexpr std::string_view kVoteTable = "approval_vote";
#define KW_APPROVAL_COLUMNS                                                                      \
  "id, operation, tenant, object, summary, request_hash, requester, needed, state, created_at, " \
  "expires_at, "                                                                                 \
  "epoch, mac"

std::int64_t number(ApprovalState state) {
  return static_cast<std::int64_t>(state);
}

Error unreadable() {
  return error(Code::kDataLoss, "row_tampered", "an approval's row is not readable");
}

Bytes canonical(const ApprovalRow& row) {
  const Approval& approval = row.approval;
  ByteWriter out;
  out.raw(approval.id.bytes())
      .field(approval.operation)
      .field(approval.tenant)
      .field(approval.object);
  out.field(approval.summary).raw(approval.request_hash).field(approval.requester);
  for (const std::int64_t value :
       {std::int64_t{approval.needed}, number(approval.state), to_micros(approval.created_at),
        to_micros(approval.expires_at), row.epoch}) {
    out.u64(static_cast<std::uint64_t>(value));
  }
  return std::move(out).bytes();
}

Bytes canonical(const VoteRow& vote) {
  ByteWriter out;
  out.raw(vote.approval.bytes())
      .field(vote.approver)
      .u64(static_cast<std::uint64_t>(vote.approver_epoch));
  out.u64(static_cast<std::uint64_t>(to_micros(vote.voted_at)));
  return std::move(out).bytes();
}

Result<ApprovalRow> read_approval(seal::Barrier& barrier, const store::Row& row) {
  ApprovalRow found;
  Approval& approval = found.approval;
  const auto id = ApprovalId::from_bytes(row.bytes(0));
  const Bytes& hash = row.bytes(5);
  const std::int64_t state = row.integer(8);
  if (!id || hash.size() != approval.request_hash.size()) return unreadable();
  if (state < 0 || state > number(ApprovalState::kExpired)) return unreadable();
  if (row.integer(7) < 1 || row.integer(7) > 5) return unreadable();
  approval.id = *id;
  approval.operation = row.text(1);
  approval.tenant = row.text(2);
  approval.object = row.text(3);
  approval.summary = row.text(4);
  std::copy(hash.begin(), hash.end(), approval.request_hash.begin());
  approval.requester = row.text(6);
  approval.needed = static_cast<int>(row.integer(7));
  approval.state = static_cast<ApprovalState>(state);
  approval.created_at = from_micros(row.integer(9));
  approval.expires_at = from_micros(row.integer(10));
  found.epoch = row.integer(11);
  KW_OK(barrier.check_row(kTable, canonical(found), row.bytes(12)));
  return found;
}

Result<std::vector<ApprovalRow>> read_all(seal::Barrier& barrier, const store::Rows& rows) {
  std::vector<ApprovalRow> all;
  for (const store::Row& row : rows) {
    KW_TRY(ApprovalRow one, read_approval(barrier, row));
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

Result<std::optional<ApprovalRow>> find_approval(store::Reader& reader, seal::Barrier& barrier,
                                                 const ApprovalId& id) {
  KW_TRY(
      const auto row,
      reader.query_one("SELECT " KW_APPROVAL_COLUMNS " FROM approval WHERE id = $1", {id.bytes()}));
  if (!row) return std::optional<ApprovalRow>();
  KW_TRY(ApprovalRow found, read_approval(barrier, *row));
  return std::optional<ApprovalRow>(std::move(found));
}

Result<std::vector<ApprovalRow>> unexpired_approvals(store::Reader& reader, seal::Barrier& barrier,
                                                     std::string_view requester, WallTime at) {
  KW_TRY(const auto rows,
         reader.query("SELECT " KW_APPROVAL_COLUMNS " FROM approval WHERE requester = $1 "
                      "AND expires_at > $2 AND state = 0 ORDER BY expires_at LIMIT $3",
                      {requester, to_micros(at), kOpenApprovalsPerRequesterMax}));
  return read_all(barrier, rows);
}

Result<std::vector<ApprovalRow>> approvals_page(store::Reader& reader, seal::Barrier& barrier,
                                                std::string_view tenant, const Approval* before,
                                                int limit) {
  constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();
  const std::int64_t time = before != nullptr ? to_micros(before->created_at) : kEndOfTime;
  const Bytes id = before != nullptr ? to_bytes(before->id.bytes()) : Bytes(16, 0xff);
  KW_TRY(const auto rows,
         reader.query("SELECT " KW_APPROVAL_COLUMNS " FROM approval WHERE tenant = $1 "
                      "AND (created_at < $2 OR (created_at = $2 AND id < $3)) ORDER BY created_at "
                      "DESC, id DESC LIMIT $4",
                      {tenant, time, id, limit}));
  return read_all(barrier, rows);
}

Status insert_approval(store::Tx& tx, seal::Barrier& barrier, const ApprovalRow& row) {
  const Approval& approval = row.approval;
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(row)));
  KW_OK(tx.execute(
      "INSERT INTO approval (" KW_APPROVAL_COLUMNS
      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {approval.id.bytes(), approval.operation, approval.tenant, approval.object, approval.summary,
       ByteView(approval.request_hash), approval.requester, approval.needed, number(approval.state),
       to_micros(approval.created_at), to_micros(approval.expires_at), row.epoch, ByteView(mac)}));
  return ok();
}

Status write_state(store::Tx& tx, seal::Barrier& barrier, const ApprovalRow& row,
                   ApprovalState state) {
  ApprovalRow next = row;
  next.approval.state = state;
  next.epoch = row.epoch + 1;
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(next)));
  KW_TRY(const auto changed,
         tx.execute(
             "UPDATE approval SET state = $1, epoch = $2, mac = $3 WHERE id = $4 AND epoch = $5",
             {number(state), next.epoch, ByteView(mac), row.approval.id.bytes(), row.epoch}));
  if (changed == 1) return ok();
  return error(Code::kAborted, "stale_epoch",
               "the approval was changed meanwhile; read it and try again");
}

Result<std::vector<VoteRow>> votes_of(store::Reader& reader, seal::Barrier& barrier,
                                      const ApprovalId& id) {
  KW_TRY(const auto rows,
         reader.query("SELECT approver, approver_epoch, voted_at, mac FROM approval_vote "
                      "WHERE approval = $1 ORDER BY approver",
                      {id.bytes()}));
  std::vector<VoteRow> votes;
  for (const store::Row& row : rows) {
    VoteRow vote{id, row.text(0), row.integer(1), from_micros(row.integer(2))};
    KW_OK(barrier.check_row(kVoteTable, canonical(vote), row.bytes(3)));
    votes.push_back(std::move(vote));
  }
  return votes;
}

Status put_vote(store::Tx& tx, seal::Barrier& barrier, const VoteRow& vote) {
  KW_TRY(const auto mac, barrier.row_mac(kVoteTable, canonical(vote)));
  KW_OK(
      tx.execute("INSERT INTO approval_vote (approval, approver, approver_epoch, voted_at, mac) "
                 "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (approval, approver) DO UPDATE "
                 "SET approver_epoch = excluded.approver_epoch, voted_at = excluded.voted_at, mac "
                 "= excluded.mac",
                 {vote.approval.bytes(), vote.approver, vote.approver_epoch,
                  to_micros(vote.voted_at), ByteView(mac)}));
  return ok();
}

Status forget_approvals(store::Tx& tx, std::string_view requester, WallTime before) {
  KW_OK(
      tx.execute("DELETE FROM approval_vote WHERE approval IN "
                 "(SELECT id FROM approval WHERE requester = $1 AND expires_at < $2)",
                 {requester, to_micros(before)}));
  KW_OK(tx.execute("DELETE FROM approval WHERE requester = $1 AND expires_at < $2",
                   {requester, to_micros(before)}));
  return ok();
}

}  // namespace kw::auth
