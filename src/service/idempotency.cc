#include "service/idempotency.h"

#include "base/bytes.h"
#include "service/gate.h"
#include "service/hook_rows.h"

namespace kw::service {

namespace {

constexpr std::string_view kTable = "idempotent_answer";
constexpr std::int64_t kLifeMicros = 24LL * 3600 * 1'000'000;
constexpr std::size_t kBodyMax = 256 * 1024;

constexpr store::Migration kMigrations[] = {
    {"service", 1,
     "CREATE TABLE idempotency ("
     " principal TEXT NOT NULL, name TEXT NOT NULL, request BYTEA NOT NULL, expires_at BIGINT NOT "
     "NULL,"
     " PRIMARY KEY (principal, name));"
     "CREATE INDEX idempotency_expiry ON idempotency (expires_at);"},
    // Markers without answers are of no use to the new table; they would have ended within a day.
    {"service", 2,
     "DROP TABLE idempotency;"
     "CREATE TABLE idempotent_answer ("
     " principal TEXT NOT NULL, name TEXT NOT NULL, request BYTEA NOT NULL, expires_at BIGINT NOT "
     "NULL,"
     " status BIGINT NOT NULL, etag TEXT NOT NULL, body BYTEA NOT NULL, mac BYTEA NOT NULL,"
     " PRIMARY KEY (principal, name));"
     "CREATE INDEX idempotent_answer_expiry ON idempotent_answer (expires_at);"},
    {"service", 3, kHookTables},
};

// A claim; status 0 means that the answer is not kept.
struct Claim {
  Bytes request;
  std::int64_t expires_at = 0;
  KeptAnswer answer;
};

Bytes canonical(const Call& call, const Claim& row) {
  return ByteWriter()
      .field(call.caller->name)
      .field(call.idempotency_key)
      .field(row.request)
      .u64(static_cast<std::uint64_t>(row.expires_at))
      .u32(static_cast<std::uint32_t>(row.answer.status))
      .field(row.answer.etag)
      .field(row.answer.body)
      .bytes();
}

Claim new_claim(const House& house, const Call& call) {
  return {to_bytes(request_digest(call)), to_micros(house.clock.wall()) + kLifeMicros, {}};
}

Status answer_for(House& house, Call& call, const store::Row& row) {
  Claim earlier{
      row.bytes(0),
      row.integer(1),
      {static_cast<int>(row.integer(2)), row.text(3), std::string(as_text(row.bytes(4)))}};
  KW_OK(house.barrier.check_row(kTable, canonical(call, earlier), row.bytes(5)));
  if (!same_bytes(earlier.request, to_bytes(request_digest(call))))
    return error(Code::kInvalidArgument, "idempotency_mismatch",
                 "this Idempotency-Key belongs to a different request");
  if (earlier.answer.status == 0)
    return error(Code::kAlreadyExists, "already_done",
                 "this request was carried out before; its answer held a secret or was too long to "
                 "keep: read the object to see what it did");
  call.details.earlier = std::move(earlier.answer);
  return error(Code::kAlreadyExists, "already_done", "this request was carried out before");
}

Status earlier_claim(House& house, store::Reader& reader, Call& call) {
  KW_TRY(const auto row,
         reader.query_one("SELECT request, expires_at, status, etag, body, mac FROM "
                          "idempotent_answer WHERE principal = $1 AND name = $2",
                          {call.caller->name, call.idempotency_key}));
  if (!row || row->integer(1) < to_micros(house.clock.wall())) return ok();
  return answer_for(house, call, *row);
}

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

crypto::Digest256 request_digest(const Call& call) {
  ByteWriter text;
  text.field("keywright/request/v2").field(call.operation->name).field(call.path);
  text.field(call.body_digest);
  return crypto::sha256(text.bytes());
}

Status not_done_before(House& house, Call& call) {
  if (call.idempotency_key.empty()) return ok();
  return house.store.read(
      [&](store::Reader& reader) { return earlier_claim(house, reader, call); });
}

Status claim(House& house, store::Tx& tx, Call& call) {
  call.answer.reset();
  if (call.idempotency_key.empty()) return ok();
  KW_OK(tx.execute("DELETE FROM idempotent_answer WHERE expires_at < $1",
                   {to_micros(house.clock.wall())}));
  const Claim row = new_claim(house, call);
  KW_TRY(const auto mac, house.barrier.row_mac(kTable, canonical(call, row)));
  // Inserted before the work: of two that run at once on two nodes one waits here for the other.
  KW_TRY(const std::int64_t taken,
         tx.execute("INSERT INTO idempotent_answer (principal, name, request, expires_at, status, "
                    "etag, body, mac) VALUES ($1, $2, $3, $4, 0, '', $5, $6) "
                    "ON CONFLICT (principal, name) DO NOTHING",
                    {call.caller->name, call.idempotency_key, row.request, row.expires_at,
                     ByteView(), to_bytes(mac)}));
  if (taken == 1) return ok();
  KW_OK(earlier_claim(house, tx, call));
  return error(Code::kAborted, "stale_epoch", "the Idempotency-Key was taken meanwhile; try again");
}

Status settle(House& house, store::Tx& tx, const Call& call) {
  if (call.idempotency_key.empty() || !call.answer || call.answer->body.size() > kBodyMax)
    return ok();
  KW_TRY(const auto stored,
         tx.query_one("SELECT expires_at FROM idempotent_answer WHERE principal = $1 AND name = $2",
                      {call.caller->name, call.idempotency_key}));
  if (!stored) return error(Code::kInternal, "internal", "a claim vanished in its transaction");
  const Claim row{to_bytes(request_digest(call)), stored->integer(0), *call.answer};
  KW_TRY(const auto mac, house.barrier.row_mac(kTable, canonical(call, row)));
  KW_OK(
      tx.execute("UPDATE idempotent_answer SET status = $3, etag = $4, body = $5, mac = $6 "
                 "WHERE principal = $1 AND name = $2",
                 {call.caller->name, call.idempotency_key, row.answer.status, row.answer.etag,
                  as_bytes(row.answer.body), to_bytes(mac)}));
  return ok();
}

}  // namespace kw::service
