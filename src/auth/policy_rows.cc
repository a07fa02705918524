#include "auth/policy_rows.h"

namespace kw::auth {
namespace {

constexpr std::string_view kTable = "access_policy";
#define KW_POLICY_COLUMNS "tenant, name, yaml, removed, epoch, mac"

Bytes canonical(const PolicyRow& row) {
  ByteWriter out;
  out.field(row.tenant).field(row.name).field(row.yaml).u8(row.removed ? 1 : 0);
  out.u64(static_cast<std::uint64_t>(row.epoch));
  return std::move(out).bytes();
}

Result<std::vector<PolicyRow>> read_all(seal::Barrier& barrier, const store::Rows& rows) {
  std::vector<PolicyRow> policies;
  for (const store::Row& row : rows) {
    PolicyRow policy{row.text(0), row.text(1), row.text(2), row.integer(3) != 0, row.integer(4)};
    KW_OK(barrier.check_row(kTable, canonical(policy), row.bytes(5)));
    policies.push_back(std::move(policy));
  }
  return policies;
}

}  // namespace

Result<std::vector<PolicyRow>> policies_changed_since(store::Reader& reader, seal::Barrier& barrier,
                                                      std::int64_t change) {
  KW_TRY(
      const auto rows,
      reader.query("SELECT " KW_POLICY_COLUMNS " FROM access_policy WHERE epoch > $1", {change}));
  return read_all(barrier, rows);
}

Result<std::vector<PolicyRow>> policies_of(store::Reader& reader, seal::Barrier& barrier,
                                           std::string_view tenant) {
  KW_TRY(const auto rows,
         reader.query("SELECT " KW_POLICY_COLUMNS
                      " FROM access_policy WHERE tenant = $1 AND removed = 0 ORDER BY name",
                      {tenant}));
  return read_all(barrier, rows);
}

Result<bool> has_policy(store::Reader& reader, std::string_view tenant, std::string_view name) {
  KW_TRY(const auto row,
         reader.query_one(
             "SELECT epoch FROM access_policy WHERE tenant = $1 AND name = $2 AND removed = 0",
             {tenant, name}));
  return row.has_value();
}

Status put_policy_row(store::Tx& tx, seal::Barrier& barrier, const PolicyRow& row) {
  KW_TRY(const auto mac, barrier.row_mac(kTable, canonical(row)));
  KW_OK(tx.execute(
      "INSERT INTO access_policy (" KW_POLICY_COLUMNS
      ") VALUES ($1, $2, $3, $4, $5, $6) "
      "ON CONFLICT (tenant, name) DO UPDATE SET yaml = excluded.yaml, removed = excluded.removed, "
      "epoch = excluded.epoch, mac = excluded.mac",
      {row.tenant, row.name, row.yaml, row.removed ? 1 : 0, row.epoch, ByteView(mac)}));
  return ok();
}

Result<std::vector<Statement>> statements_of(const PolicyRow& row, const Vocabulary& vocabulary) {
  KW_TRY(std::vector<Statement> statements, parse_policy(row.yaml, row.name, vocabulary));
  if (row.tenant.empty()) return statements;
  for (Statement& statement : statements) {
    if (statement.tenant.empty()) statement.tenant = row.tenant;
    if (statement.tenant == row.tenant) continue;
    return error(Code::kInvalidArgument, "bad_policy",
                 statement.where + ": a policy of one tenant cannot speak about another");
  }
  return statements;
}

}  // namespace kw::auth
