#include "secrets/lease_rows.h"

#include <algorithm>
#include <array>

namespace kw::secrets {

namespace {
constexpr std::array<std::string_view, 4> kStates = {"issuing", "live", "revoking", "revoked"};
}

std::string_view lease_state_name(LeaseState state) {
  return kStates.at(static_cast<std::size_t>(state));
}

namespace rows {

namespace {

constexpr std::string_view kRoleTable = "lease_role", kLeaseTable = "lease_row";
constexpr std::string_view kRoleColumns =
    "tenant, tenant_name, name, target, settings, generator, ttl, ttl_max, leases_max, epoch, mac";

Bytes canonical(const LeaseRole& role) {
  return ByteWriter()
      .u64(static_cast<std::uint64_t>(role.tenant))
      .field(role.tenant_name)
      .field(role.name)
      .field(role.target)
      .field(settings_text(role.settings))
      .field(role.generator)
      .u64(static_cast<std::uint64_t>(role.ttl.count()))
      .u64(static_cast<std::uint64_t>(role.ttl_max.count()))
      .u32(static_cast<std::uint32_t>(role.leases_max))
      .u64(static_cast<std::uint64_t>(role.epoch))
      .bytes();
}

Bytes canonical(const Lease& lease) {
  return ByteWriter()
      .raw(lease.id.bytes())
      .u64(static_cast<std::uint64_t>(lease.tenant))
      .field(lease.tenant_name)
      .field(lease.role)
      .field(lease.target)
      .field(settings_text(lease.settings))
      .field(lease.principal)
      .field(lease.caller)
      .field(lease_state_name(lease.state))
      .u64(static_cast<std::uint64_t>(to_micros(lease.issued_at)))
      .u64(static_cast<std::uint64_t>(to_micros(lease.expires_at)))
      .u64(static_cast<std::uint64_t>(to_micros(lease.last_at)))
      .u64(static_cast<std::uint64_t>(lease.cell))
      .u32(static_cast<std::uint32_t>(lease.attempts))
      .u64(static_cast<std::uint64_t>(to_micros(lease.next_at)))
      .field(lease.problem)
      .u64(static_cast<std::uint64_t>(lease.epoch))
      .bytes();
}

Result<LeaseRole> role_of(seal::Barrier& barrier, const store::Row& row) {
  LeaseRole role;
  role.tenant = row.integer(0);
  role.tenant_name = row.text(1);
  role.name = row.text(2);
  role.target = row.text(3);
  auto settings = parse_settings(row.text(4));
  if (!settings) return tampered();
  role.settings = *std::move(settings);
  role.generator = row.text(5);
  role.ttl = Seconds(row.integer(6));
  role.ttl_max = Seconds(row.integer(7));
  role.leases_max = static_cast<int>(row.integer(8));
  role.epoch = row.integer(9);
  KW_OK(barrier.check_row(kRoleTable, canonical(role), row.bytes(10)));
  return role;
}

Result<std::vector<LeaseRole>> roles_of(Source source, const store::Rows& found) {
  std::vector<LeaseRole> all;
  for (const store::Row& row : found) {
    KW_TRY(LeaseRole role, role_of(source.barrier, row));
    all.push_back(std::move(role));
  }
  return all;
}

}  // namespace

Result<std::optional<LeaseRole>> find_role(Source source, std::int64_t tenant,
                                           std::string_view name) {
  static const std::string kSql =
      "SELECT " + std::string(kRoleColumns) + " FROM lease_role WHERE tenant = $1 AND name = $2";
  KW_TRY(const auto row, source.reader.query_one(kSql, {tenant, name}));
  if (!row) return std::optional<LeaseRole>();
  KW_TRY(LeaseRole role, role_of(source.barrier, *row));
  return std::optional<LeaseRole>(std::move(role));
}

Result<std::vector<LeaseRole>> list_roles(Source source, std::int64_t tenant) {
  static const std::string kSql = "SELECT " + std::string(kRoleColumns) +
                                  " FROM lease_role WHERE tenant = $1 ORDER BY name LIMIT 1000";
  KW_TRY(const store::Rows found, source.reader.query(kSql, {tenant}));
  return roles_of(source, found);
}

Result<std::vector<LeaseRole>> all_roles(Source source) {
  static const std::string kSql =
      "SELECT " + std::string(kRoleColumns) + " FROM lease_role ORDER BY tenant, name LIMIT 10000";
  KW_TRY(const store::Rows found, source.reader.query(kSql, {}));
  return roles_of(source, found);
}

Status write_role(Sink sink, LeaseRole& role) {
  const std::int64_t expected = role.epoch++;
  KW_TRY(const auto mac, sink.barrier.row_mac(kRoleTable, canonical(role)));
  KW_TRY(const std::int64_t written,
         sink.tx.execute(
             "INSERT INTO lease_role (tenant, tenant_name, name, target, settings, generator, ttl,"
             " ttl_max, leases_max, epoch, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
             " $11) ON CONFLICT (tenant, name) DO UPDATE SET target = excluded.target,"
             " settings = excluded.settings, generator = excluded.generator, ttl = excluded.ttl,"
             " ttl_max = excluded.ttl_max, leases_max = excluded.leases_max,"
             " epoch = excluded.epoch, mac = excluded.mac WHERE lease_role.epoch = $12",
             {role.tenant, role.tenant_name, role.name, role.target, settings_text(role.settings),
              role.generator, static_cast<std::int64_t>(role.ttl.count()),
              static_cast<std::int64_t>(role.ttl_max.count()), role.leases_max, role.epoch,
              ByteView(mac), expected}));
  return written == 1 ? ok() : Status(stale_epoch());
}

Status remove_role(store::Tx& tx, const LeaseRole& role) {
  KW_TRY(const std::int64_t gone,
         tx.execute("DELETE FROM lease_role WHERE tenant = $1 AND name = $2 AND epoch = $3",
                    {role.tenant, role.name, role.epoch}));
  return gone == 1 ? ok() : Status(stale_epoch());
}

Result<Lease> lease_of(seal::Barrier& barrier, const store::Row& row) {
  Lease lease;
  auto id = LeaseId::from_bytes(row.bytes(0));
  auto settings = parse_settings(row.text(5));
  const auto state = std::find(kStates.begin(), kStates.end(), row.text(8));
  if (!id || !settings || state == kStates.end()) return tampered();
  lease.id = *id;
  lease.tenant = row.integer(1);
  lease.tenant_name = row.text(2);
  lease.role = row.text(3);
  lease.target = row.text(4);
  lease.settings = *std::move(settings);
  lease.principal = row.text(6);
  lease.caller = row.text(7);
  lease.state = static_cast<LeaseState>(state - kStates.begin());
  lease.issued_at = from_micros(row.integer(9));
  lease.expires_at = from_micros(row.integer(10));
  lease.last_at = from_micros(row.integer(11));
  lease.cell = row.integer(12);
  lease.attempts = static_cast<int>(row.integer(13));
  lease.next_at = from_micros(row.integer(14));
  lease.problem = row.text(15);
  lease.epoch = row.integer(16);
  KW_OK(barrier.check_row(kLeaseTable, canonical(lease), row.bytes(17)));
  return lease;
}

Result<std::optional<Lease>> find_lease(Source source, const LeaseId& id) {
  static const std::string kSql =
      "SELECT " + std::string(kLeaseColumns) + " FROM lease_row WHERE id = $1";
  KW_TRY(const auto row, source.reader.query_one(kSql, {id.bytes()}));
  if (!row) return std::optional<Lease>();
  KW_TRY(Lease lease, lease_of(source.barrier, *row));
  return std::optional<Lease>(std::move(lease));
}

Status insert_lease(Sink sink, const Lease& lease) {
  KW_TRY(const auto mac, sink.barrier.row_mac(kLeaseTable, canonical(lease)));
  KW_OK(sink.tx.execute(
      "INSERT INTO lease_row (id, tenant, tenant_name, role, target, settings, principal, caller,"
      " state, issued_at, expires_at, last_at, cell, attempts, next_at, problem, epoch, mac)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
      {lease.id.bytes(), lease.tenant, lease.tenant_name, lease.role, lease.target,
       settings_text(lease.settings), lease.principal, lease.caller, lease_state_name(lease.state),
       to_micros(lease.issued_at), to_micros(lease.expires_at), to_micros(lease.last_at),
       lease.cell, lease.attempts, to_micros(lease.next_at), lease.problem, lease.epoch,
       ByteView(mac)}));
  return ok();
}

Status update_lease(Sink sink, Lease& lease) {
  const std::int64_t expected = lease.epoch++;
  KW_TRY(const auto mac, sink.barrier.row_mac(kLeaseTable, canonical(lease)));
  KW_TRY(const std::int64_t written,
         sink.tx.execute(
             "UPDATE lease_row SET state = $1, expires_at = $2, cell = $3, attempts = $4,"
             " next_at = $5, problem = $6, epoch = $7, mac = $8 WHERE id = $9 AND epoch = $10",
             {lease_state_name(lease.state), to_micros(lease.expires_at), lease.cell,
              lease.attempts, to_micros(lease.next_at), lease.problem, lease.epoch, ByteView(mac),
              lease.id.bytes(), expected}));
  return written == 1 ? ok() : Status(stale_epoch());
}

}  // namespace rows

}  // namespace kw::secrets
