#include "auth/token_rows.h"

#include <algorithm>

namespace kw::auth {
namespace {

constexpr std::string_view kTable = "token";

#define KW_TOKEN_COLUMNS                                                                 \
  "token_mac, accessor, principal, created_at, expires_at, idle_seconds, last_used_at, " \
  "revoked_at, "                                                                         \
  "certificate_sha256, epoch, mac"

Bytes canonical(const TokenRow& row) {
  ByteWriter out;
  out.field(row.token_mac).field(row.accessor).field(row.principal).field(row.certificate_sha256);
  for (const std::int64_t number : {row.created_at, row.expires_at, row.idle_seconds,
                                    row.last_used_at, row.revoked_at, row.epoch}) {
    out.u64(static_cast<std::uint64_t>(number));
  }
  return std::move(out).bytes();
}

Result<TokenRow> read_token(seal::Barrier& barrier, const store::Row& row) {
  TokenRow token;
  const Bytes& token_mac = row.bytes(0);
  if (token_mac.size() != token.token_mac.size()) {
    return error(Code::kDataLoss, "row_tampered", "a token row is not readable");
  }
  std::copy(token_mac.begin(), token_mac.end(), token.token_mac.begin());
  token.accessor = row.text(1);
  token.principal = row.text(2);
  token.created_at = row.integer(3);
  token.expires_at = row.integer(4);
  token.idle_seconds = row.integer(5);
  token.last_used_at = row.integer(6);
  token.revoked_at = row.integer(7);
  token.certificate_sha256 = row.text(8);
  token.epoch = row.integer(9);
  KW_OK(barrier.check_row(kTable, canonical(token), row.bytes(10)));
  return token;
}

Result<std::optional<TokenRow>> read_one(seal::Barrier& barrier,
                                         const std::optional<store::Row>& row) {
  if (!row) return std::optional<TokenRow>();
  KW_TRY(TokenRow token, read_token(barrier, *row));
  return std::optional<TokenRow>(std::move(token));
}

}  // namespace

Result<std::optional<TokenRow>> find_token(store::Reader& reader, seal::Barrier& barrier,
                                           ByteView token_mac) {
  KW_TRY(
      const auto row,
      reader.query_one("SELECT " KW_TOKEN_COLUMNS " FROM token WHERE token_mac = $1", {token_mac}));
  return read_one(barrier, row);
}

Result<std::optional<TokenRow>> find_token_by_accessor(store::Reader& reader,
                                                       seal::Barrier& barrier,
                                                       std::string_view accessor) {
  KW_TRY(
      const auto row,
      reader.query_one("SELECT " KW_TOKEN_COLUMNS " FROM token WHERE accessor = $1", {accessor}));
  return read_one(barrier, row);
}

Result<std::vector<TokenRow>> tokens_of(store::Reader& reader, seal::Barrier& barrier,
                                        std::string_view principal, std::string_view after,
                                        int limit) {
  KW_TRY(const auto rows, reader.query("SELECT " KW_TOKEN_COLUMNS
                                       " FROM token WHERE principal = $1 AND accessor > $2 "
                                       "ORDER BY accessor LIMIT $3",
                                       {principal, after, limit}));
  std::vector<TokenRow> tokens;
  for (const store::Row& row : rows) {
    KW_TRY(TokenRow token, read_token(barrier, row));
    tokens.push_back(std::move(token));
  }
  return tokens;
}

Status insert_token(store::Tx& tx, seal::Barrier& barrier, const TokenRow& row) {
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(row)));
  KW_OK(tx.execute("INSERT INTO token (" KW_TOKEN_COLUMNS
                   ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                   {ByteView(row.token_mac), row.accessor, row.principal, row.created_at,
                    row.expires_at, row.idle_seconds, row.last_used_at, row.revoked_at,
                    row.certificate_sha256, row.epoch, ByteView(mac)}));
  return ok();
}

Status update_token(store::Tx& tx, seal::Barrier& barrier, const TokenRow& row,
                    std::int64_t expected_epoch) {
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(row)));
  KW_OK(
      tx.execute("UPDATE token SET last_used_at = $1, revoked_at = $2, epoch = $3, mac = $4 "
                 "WHERE token_mac = $5 AND epoch = $6",
                 {row.last_used_at, row.revoked_at, row.epoch, ByteView(mac),
                  ByteView(row.token_mac), expected_epoch}));
  return ok();
}

void check_no_row(seal::Barrier& barrier) {
  TokenRow row;
  row.accessor = std::string(32, '0');
  static_cast<void>(barrier.row_mac(kTable, canonical(row)));
}

}  // namespace kw::auth
