#include "keys/rows.h"
#include "store/row_set.h"

namespace kw::keys::rows {

namespace {

constexpr std::string_view kTable = "tenant";

Bytes canonical(const Tenant& tenant) {
  return ByteWriter()
      .u64(static_cast<std::uint64_t>(tenant.number))
      .field(tenant.name)
      .u64(static_cast<std::uint64_t>(to_micros(tenant.created_at)))
      .u64(static_cast<std::uint64_t>(tenant.epoch))
      .bytes();
}

Result<Tenant> tenant_of(seal::RowMacs& macs, const store::Row& row) {
  const Tenant tenant{row.integer(0), row.text(1), from_micros(row.integer(2)), row.integer(3)};
  KW_OK(macs.check(kTable, canonical(tenant), row.bytes(4)));
  return tenant;
}

Result<std::optional<Tenant>> at_most_one(seal::Barrier& barrier,
                                          Result<std::optional<store::Row>> found) {
  KW_OK(found);
  if (!*found) return std::optional<Tenant>();
  KW_TRY(seal::RowMacs macs, barrier.row_macs());
  KW_TRY(Tenant tenant, tenant_of(macs, **found));
  return std::optional<Tenant>(std::move(tenant));
}

Result<std::vector<Tenant>> tenants_of(seal::Barrier& barrier, const store::Rows& found) {
  std::vector<Tenant> tenants;
  KW_TRY(seal::RowMacs macs, barrier.row_macs());
  for (const store::Row& row : found) {
    KW_TRY(Tenant tenant, tenant_of(macs, row));
    tenants.push_back(std::move(tenant));
  }
  return tenants;
}

// The alias rows live here too: they are as small as tenants.
constexpr std::string_view kAliasTable = "key_alias";

Bytes canonical_alias(std::int64_t tenant, std::string_view name, std::string_view key) {
  return ByteWriter().u64(static_cast<std::uint64_t>(tenant)).field(name).field(key).bytes();
}

}  // namespace

Error tampered() {
  return error(Code::kDataLoss, "row_tampered",
               "a stored row was changed by something else than this service");
}

Error stale_epoch() {
  return error(Code::kAborted, "stale_epoch",
               "somebody else changed the object meanwhile; read it again and repeat");
}

Result<std::optional<Tenant>> find_tenant(Source source, std::string_view name) {
  return at_most_one(
      source.barrier,
      source.reader.query_one(
          "SELECT number, name, created_at, epoch, mac FROM tenant WHERE name = $1", {name}));
}

Result<std::optional<Tenant>> find_tenant(Source source, std::int64_t number) {
  return at_most_one(
      source.barrier,
      source.reader.query_one(
          "SELECT number, name, created_at, epoch, mac FROM tenant WHERE number = $1", {number}));
}

Result<std::vector<Tenant>> find_tenants(Source source, std::span<const std::string_view> names) {
  store::RowSet wanted(1);
  for (const std::string_view name : names) wanted.add({name});
  KW_TRY(const store::Rows found,
         source.reader.query_rows("WITH r (wanted) AS (/*rows*/)"
                                  " SELECT t.number, t.name, t.created_at, t.epoch, t.mac"
                                  " FROM r JOIN tenant t ON t.name = r.wanted",
                                  wanted));
  return tenants_of(source.barrier, found);
}

Result<std::vector<Tenant>> list_tenants(Source source, std::string_view after, int limit) {
  KW_TRY(const store::Rows found,
         source.reader.query("SELECT number, name, created_at, epoch, mac FROM tenant"
                             " WHERE name > $1 ORDER BY name LIMIT $2",
                             {after, limit}));
  return tenants_of(source.barrier, found);
}

Result<std::vector<PlacedTenant>> tenants_from(Source source, std::string_view place, bool itself,
                                               int limit) {
  KW_TRY(const store::Rows found,
         source.reader.query("SELECT number, name, created_at, epoch, mac FROM tenant"
                             " WHERE name >= $1 AND (name > $1 OR $2 = 1) ORDER BY name LIMIT $3",
                             {place, itself ? 1 : 0, limit}));
  KW_TRY(seal::RowMacs macs, source.barrier.row_macs());
  std::vector<PlacedTenant> all;
  all.reserve(found.size());
  for (const store::Row& row : found) {
    Result<Tenant> tenant = tenant_of(macs, row);
    all.push_back({row.text(1), {}});
    if (tenant) all.back().tenant = *std::move(tenant);
  }
  return all;
}

Result<bool> insert_tenant(Target target, const Tenant& tenant) {
  KW_TRY(const auto mac, target.barrier.row_mac(kTable, canonical(tenant)));
  KW_TRY(const std::int64_t written,
         target.tx.execute("INSERT INTO tenant (number, name, created_at, epoch, mac)"
                           " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                           {tenant.number, tenant.name, to_micros(tenant.created_at), tenant.epoch,
                            ByteView(mac)}));
  return written == 1;
}

Result<std::optional<std::string>> find_alias(Source source, const Tenant& tenant,
                                              std::string_view name) {
  KW_TRY(const auto row, source.reader.query_one(
                             "SELECT key_name, mac FROM key_alias WHERE tenant = $1 AND name = $2",
                             {tenant.number, name}));
  if (!row) return std::optional<std::string>();
  const Bytes encoded = canonical_alias(tenant.number, name, row->text(0));
  KW_OK(source.barrier.check_row(kAliasTable, encoded, row->bytes(1)));
  return std::optional<std::string>(row->text(0));
}

Result<std::vector<std::pair<std::string, std::string>>> list_aliases(Source source,
                                                                      const Tenant& tenant,
                                                                      int limit) {
  KW_TRY(const store::Rows found,
         source.reader.query("SELECT name, key_name, mac FROM key_alias WHERE tenant = $1"
                             " ORDER BY name LIMIT $2",
                             {tenant.number, limit}));
  std::vector<std::pair<std::string, std::string>> aliases;
  for (const store::Row& row : found) {
    const Bytes encoded = canonical_alias(tenant.number, row.text(0), row.text(1));
    KW_OK(source.barrier.check_row(kAliasTable, encoded, row.bytes(2)));
    aliases.emplace_back(row.text(0), row.text(1));
  }
  return aliases;
}

Status write_alias(Target target, const Tenant& tenant, std::string_view name,
                   std::string_view key) {
  const Bytes encoded = canonical_alias(tenant.number, name, key);
  KW_TRY(const auto mac, target.barrier.row_mac(kAliasTable, encoded));
  KW_OK(
      target.tx.execute("INSERT INTO key_alias (tenant, name, key_name, mac)"
                        " VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, name)"
                        " DO UPDATE SET key_name = excluded.key_name, mac = excluded.mac",
                        {tenant.number, name, key, ByteView(mac)}));
  return ok();
}

}  // namespace kw::keys::rows
