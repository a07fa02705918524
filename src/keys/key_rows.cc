#include "keys/attributes.h"
#include "keys/known_versions.h"
#include "keys/rows.h"
#include "store/row_set.h"

namespace kw::keys::rows {

namespace {

constexpr std::string_view kTable = "key_object";

std::int64_t version_changes(const Key& key) {
  std::int64_t sum = 0;
  for (const Version& each : key.versions) sum += each.epoch;
  return sum;
}

std::int64_t next_version(const Key& key) {
  return static_cast<std::int64_t>(key.versions.size()) + 1;
}

// A key without a rollout has the encoding that it had before there were any.
Bytes canonical(const Key& key, std::int64_t next, std::int64_t changes) {
  ByteWriter out;
  out.raw(key.id.bytes())
      .u64(static_cast<std::uint64_t>(key.tenant))
      .field(key.name)
      .field(crypto::purpose_name(key.purpose))
      .u8(key.exportable ? 1 : 0)
      .field(key.owner)
      .u8(static_cast<std::uint8_t>(key.classification))
      .field(regions_json(key.regions))
      .field(labels_json(key.labels))
      .u64(static_cast<std::uint64_t>(key.lease_grace.count()))
      .u64(static_cast<std::uint64_t>(to_micros(key.created_at)))
      .u32(key.primary)
      .u64(static_cast<std::uint64_t>(next))
      .u64(static_cast<std::uint64_t>(changes))
      .u64(static_cast<std::uint64_t>(key.epoch));
  const Rollout& rollout = key.rollout;
  if (rollout.version != 0)
    out.u32(rollout.version).u8(static_cast<std::uint8_t>(rollout.percent)).field(rollout.salt);
  return std::move(out).bytes();
}

// Values that do not parse were not written by us: the caller reports them as tampering.
Result<Rollout> parse_rollout(const store::Row& row) {
  Rollout rollout;
  const std::int64_t version = row.integer(16), percent = row.integer(17);
  if (version < 0 || version > UINT32_MAX || percent < 0 || percent > 99) return tampered();
  if (version == 0) return rollout;
  if (row.is_null(18)) return tampered();
  rollout.version = static_cast<std::uint32_t>(version);
  rollout.percent = static_cast<int>(percent);
  rollout.salt = row.bytes(18);
  return rollout;
}

Result<KeyRow> parse(const store::Row& row) {
  KeyRow parsed;
  Key& key = parsed.key;
  KW_TRY(key.id, KeyId::from_bytes(row.bytes(0)));
  key.tenant = row.integer(1);
  key.name = row.text(2);
  KW_TRY(key.purpose, crypto::parse_purpose(row.text(3)));
  key.exportable = row.integer(4) != 0;
  key.owner = row.text(5);
  if (row.integer(6) < 0 || row.integer(6) > 3) return tampered();
  key.classification = static_cast<Classification>(row.integer(6));
  KW_TRY(key.regions, parse_regions(row.text(7)));
  KW_TRY(key.labels, parse_labels(row.text(8)));
  key.lease_grace = std::chrono::seconds(row.integer(9));
  key.created_at = from_micros(row.integer(10));
  if (row.integer(11) < 0 || row.integer(11) > UINT32_MAX) return tampered();
  key.primary = static_cast<std::uint32_t>(row.integer(11));
  parsed.next_version = row.integer(12);
  parsed.version_changes = row.integer(13);
  key.epoch = row.integer(14);
  KW_TRY(key.rollout, parse_rollout(row));
  return parsed;
}

Result<std::optional<Key>> with_versions(Source source, const store::Row& found,
                                         std::string_view tenant) {
  KW_TRY(seal::RowMacs macs, source.barrier.row_macs());
  KW_TRY(KeyRow row, key_of(macs, found));
  row.key.tenant_name = tenant;
  const Known known = known_of(source, row);
  KW_TRY(std::vector<Version> versions, read_versions(source, row, known));
  KW_TRY(Key key, completed(source, std::move(row), known, std::move(versions)));
  return std::optional<Key>(std::move(key));
}

}  // namespace

Result<KeyRow> key_of(seal::RowMacs& macs, const store::Row& row) {
  auto parsed = parse(row);
  if (!parsed) return tampered();
  KW_OK(macs.check(kTable, canonical(parsed->key, parsed->next_version, parsed->version_changes),
                   row.bytes(15)));
  return parsed;
}

Result<Key> complete_key(KeyRow row, std::vector<Version> versions) {
  if (!fits(row, versions)) return tampered();
  row.key.versions = std::move(versions);
  return std::move(row.key);
}

Result<std::optional<Key>> find_key(Source source, const Tenant& tenant, std::string_view name) {
  static const std::string kSql = "SELECT " + std::string(kKeyColumns) +
                                  " FROM key_object k WHERE k.tenant = $1 AND k.name = $2";
  KW_TRY(const auto row, source.reader.query_one(kSql, {tenant.number, name}));
  if (!row) return std::optional<Key>();
  return with_versions(source, *row, tenant.name);
}

Result<std::optional<Key>> find_key(Source source, const KeyId& id) {
  static const std::string kSql =
      "SELECT " + std::string(kKeyColumns) + " FROM key_object k WHERE k.id = $1";
  KW_TRY(const auto row, source.reader.query_one(kSql, {id.bytes()}));
  if (!row) return std::optional<Key>();
  KW_TRY(const auto tenant, find_tenant(source, row->integer(1)));
  if (!tenant) return tampered();
  return with_versions(source, *row, tenant->name);
}

Result<bool> insert_key(Target target, const Key& key) {
  const std::int64_t next = next_version(key), changes = version_changes(key);
  KW_TRY(const auto mac, target.barrier.row_mac(kTable, canonical(key, next, changes)));
  KW_TRY(const std::int64_t written,
         target.tx.execute(
             "INSERT INTO key_object (id, tenant, name, purpose, exportable, owner,"
             " classification, regions, labels, lease_grace, created_at, primary_version,"
             " next_version, version_changes, epoch, mac) VALUES"
             " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
             " ON CONFLICT DO NOTHING",
             {key.id.bytes(), key.tenant, key.name, crypto::purpose_name(key.purpose),
              key.exportable ? 1 : 0, key.owner, static_cast<int>(key.classification),
              regions_json(key.regions), labels_json(key.labels), key.lease_grace.count(),
              to_micros(key.created_at), key.primary, next, changes, key.epoch, ByteView(mac)}));
  return written == 1;
}

Status update_key(Target target, Key& key) {
  const std::int64_t expected = key.epoch++;
  const std::int64_t next = next_version(key), changes = version_changes(key);
  KW_TRY(const auto mac, target.barrier.row_mac(kTable, canonical(key, next, changes)));
  KW_TRY(
      const std::int64_t written,
      target.tx.execute("UPDATE key_object SET owner = $1, classification = $2, regions = $3,"
                        " labels = $4, lease_grace = $5, primary_version = $6,"
                        " next_version = $7, version_changes = $8, epoch = $9, mac = $10,"
                        " rollout_version = $13, rollout_percent = $14, rollout_salt = $15"
                        " WHERE id = $11 AND epoch = $12",
                        {key.owner, static_cast<int>(key.classification), regions_json(key.regions),
                         labels_json(key.labels), key.lease_grace.count(), key.primary, next,
                         changes, key.epoch, ByteView(mac), key.id.bytes(), expected,
                         key.rollout.version, key.rollout.percent, key.rollout.salt}));
  if (written != 1) return stale_epoch();
  return ok();
}

Status hand_over_keys(Target target, std::span<Key* const> keys) {
  store::RowSet rows(9);
  KW_TRY(seal::RowMacs macs, target.barrier.row_macs());
  for (Key* key : keys) {
    const std::int64_t expected = key->epoch++;
    const std::int64_t next = next_version(*key), changes = version_changes(*key);
    const crypto::Digest256 mac = macs.of(kTable, canonical(*key, next, changes));
    rows.add({key->id.bytes(), expected, key->primary, next, changes, key->epoch,
              rows.keep(Bytes(mac.begin(), mac.end())), key->rollout.version,
              key->rollout.percent});
  }
  KW_TRY(const std::int64_t written,
         target.tx.execute_rows(
             "WITH r (id, was, primary_version, next_version, version_changes, epoch, mac,"
             " rollout_version, rollout_percent) AS (/*rows*/) UPDATE key_object"
             " SET primary_version = r.primary_version, next_version = r.next_version,"
             " version_changes = r.version_changes, epoch = r.epoch, mac = r.mac,"
             " rollout_version = r.rollout_version, rollout_percent = r.rollout_percent FROM r"
             " WHERE key_object.id = r.id AND key_object.epoch = r.was",
             rows));
  return written == static_cast<std::int64_t>(keys.size()) ? ok() : Status(stale_epoch());
}

Status write_labels(store::Tx& tx, const Key& key) {
  KW_OK(tx.execute("DELETE FROM key_label WHERE key_id = $1", {key.id.bytes()}));
  for (const auto& [name, value] : key.labels) {
    KW_OK(tx.execute("INSERT INTO key_label (key_id, name, value, tenant) VALUES ($1, $2, $3, $4)",
                     {key.id.bytes(), name, value, key.tenant}));
  }
  return ok();
}

}  // namespace kw::keys::rows
