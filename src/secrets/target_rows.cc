#include "secrets/target_rows.h"

namespace kw::secrets::rows {

namespace {

constexpr std::string_view kTable = "secret_target";
constexpr std::string_view kColumns =
    "tenant, tenant_name, name, connector, settings, admin_secret, created_at, epoch, mac";

Bytes canonical(const Target& target) {
  return ByteWriter()
      .u64(static_cast<std::uint64_t>(target.tenant))
      .field(target.tenant_name)
      .field(target.name)
      .field(target.connector)
      .field(settings_text(target.settings))
      .field(target.admin_secret)
      .u64(static_cast<std::uint64_t>(to_micros(target.created_at)))
      .u64(static_cast<std::uint64_t>(target.epoch))
      .bytes();
}

Result<Target> target_of(seal::Barrier& barrier, const store::Row& row) {
  Target target;
  target.tenant = row.integer(0);
  target.tenant_name = row.text(1);
  target.name = row.text(2);
  target.connector = row.text(3);
  auto settings = parse_settings(row.text(4));
  if (!settings) return tampered();
  target.settings = *std::move(settings);
  target.admin_secret = row.text(5);
  target.created_at = from_micros(row.integer(6));
  target.epoch = row.integer(7);
  KW_OK(barrier.check_row(kTable, canonical(target), row.bytes(8)));
  return target;
}

}  // namespace

Result<std::optional<Target>> find_target(Source source, std::int64_t tenant,
                                          std::string_view name) {
  static const std::string kSql =
      "SELECT " + std::string(kColumns) + " FROM secret_target WHERE tenant = $1 AND name = $2";
  KW_TRY(const auto row, source.reader.query_one(kSql, {tenant, name}));
  if (!row) return std::optional<Target>();
  KW_TRY(Target target, target_of(source.barrier, *row));
  return std::optional<Target>(std::move(target));
}

Result<std::vector<Target>> list_targets(Source source, std::int64_t tenant, std::string_view after,
                                         int limit) {
  static const std::string kSql =
      "SELECT " + std::string(kColumns) +
      " FROM secret_target WHERE tenant = $1 AND name > $2 ORDER BY name LIMIT $3";
  KW_TRY(const store::Rows found, source.reader.query(kSql, {tenant, after, limit}));
  std::vector<Target> all;
  for (const store::Row& row : found) {
    KW_TRY(Target target, target_of(source.barrier, row));
    all.push_back(std::move(target));
  }
  return all;
}

Status write_target(Sink sink, Target& target) {
  const std::int64_t expected = target.epoch++;
  KW_TRY(const auto mac, sink.barrier.row_mac(kTable, canonical(target)));
  KW_TRY(const std::int64_t written,
         sink.tx.execute(
             "INSERT INTO secret_target (tenant, tenant_name, name, connector, settings,"
             " admin_secret, created_at, epoch, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
             " ON CONFLICT (tenant, name) DO UPDATE SET settings = excluded.settings,"
             " admin_secret = excluded.admin_secret, epoch = excluded.epoch, mac = excluded.mac"
             " WHERE secret_target.epoch = $10",
             {target.tenant, target.tenant_name, target.name, target.connector,
              settings_text(target.settings), target.admin_secret, to_micros(target.created_at),
              target.epoch, ByteView(mac), expected}));
  return written == 1 ? ok() : Status(stale_epoch());
}

Status remove_target(store::Tx& tx, const Target& target) {
  KW_TRY(const std::int64_t gone,
         tx.execute("DELETE FROM secret_target WHERE tenant = $1 AND name = $2 AND epoch = $3",
                    {target.tenant, target.name, target.epoch}));
  return gone == 1 ? ok() : Status(stale_epoch());
}

}  // namespace kw::secrets::rows
