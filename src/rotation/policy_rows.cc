#include "rotation/policy_rows.h"

namespace kw::rotation {
namespace {

#define KW_POLICY_COLUMNS "tenant, name, body, epoch, created_at, updated_at"

Result<StoredPolicy> policy_of(const store::Row& row) {
  StoredPolicy policy;
  policy.tenant = row.text(0);
  auto document = parse_policy_document(row.text(2), row.text(1));
  if (!document)
    return error(Code::kDataLoss, "policy_unreadable",
                 "the stored policy " + row.text(1) +
                     " cannot be read; put it again: " + document.error().message);
  policy.document = *std::move(document);
  policy.epoch = row.integer(3);
  policy.created_at = from_micros(row.integer(4));
  policy.updated_at = from_micros(row.integer(5));
  return policy;
}

Result<std::vector<StoredPolicy>> policies_of(const store::Rows& rows) {
  std::vector<StoredPolicy> policies;
  for (const store::Row& row : rows) {
    KW_TRY(StoredPolicy policy, policy_of(row));
    policies.push_back(std::move(policy));
  }
  return policies;
}

Status expect_one(std::int64_t changed) {
  if (changed == 1) return ok();
  return error(Code::kAborted, "epoch_moved", "someone else changed the policy; read it again");
}

}  // namespace

Result<std::optional<StoredPolicy>> read_policy(store::Reader& reader, std::string_view tenant,
                                                std::string_view name) {
  KW_TRY(const auto row, reader.query_one("SELECT " KW_POLICY_COLUMNS
                                          " FROM rotation_policy WHERE tenant = $1 AND name = $2",
                                          {tenant, name}));
  if (!row) return std::optional<StoredPolicy>();
  KW_TRY(StoredPolicy policy, policy_of(*row));
  return std::optional<StoredPolicy>(std::move(policy));
}

Result<std::vector<StoredPolicy>> read_policies(store::Reader& reader, std::string_view tenant,
                                                std::string_view after, int limit) {
  KW_TRY(
      const auto rows,
      reader.query("SELECT " KW_POLICY_COLUMNS
                   " FROM rotation_policy WHERE tenant = $1 AND name > $2 ORDER BY name LIMIT $3",
                   {tenant, after, limit}));
  return policies_of(rows);
}

Result<std::vector<StoredPolicy>> read_all_policies(store::Reader& reader) {
  KW_TRY(
      const auto rows,
      reader.query("SELECT " KW_POLICY_COLUMNS " FROM rotation_policy ORDER BY tenant, name", {}));
  return policies_of(rows);
}

Result<std::int64_t> count_policies(store::Reader& reader, std::string_view tenant) {
  KW_TRY(const auto row,
         reader.query_one("SELECT COUNT(*) FROM rotation_policy WHERE tenant = $1", {tenant}));
  return row->integer(0);
}

Status insert_policy(store::Tx& tx, const StoredPolicy& policy) {
  KW_TRY(const auto inserted,
         tx.execute("INSERT INTO rotation_policy (" KW_POLICY_COLUMNS
                    ") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, name) DO NOTHING",
                    {policy.tenant, policy.document.name, policy_text(policy.document),
                     policy.epoch, to_micros(policy.created_at), to_micros(policy.updated_at)}));
  return expect_one(inserted);
}

Status update_policy(store::Tx& tx, const StoredPolicy& policy, std::int64_t expected) {
  KW_TRY(const auto changed,
         tx.execute("UPDATE rotation_policy SET body = $1, epoch = $2, updated_at = $3 "
                    "WHERE tenant = $4 AND name = $5 AND epoch = $6",
                    {policy_text(policy.document), policy.epoch, to_micros(policy.updated_at),
                     policy.tenant, policy.document.name, expected}));
  return expect_one(changed);
}

Status delete_policy(store::Tx& tx, std::string_view tenant, std::string_view name,
                     std::int64_t expected) {
  KW_TRY(const auto changed,
         tx.execute("DELETE FROM rotation_policy WHERE tenant = $1 AND name = $2 AND epoch = $3",
                    {tenant, name, expected}));
  return expect_one(changed);
}

}  // namespace kw::rotation
