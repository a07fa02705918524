#include "keys/kid.h"
#include "keys/rows.h"
#include "store/row_set.h"

namespace kw::keys::rows {

namespace {

constexpr std::string_view kTable = "key_version";

std::optional<std::int64_t> micros(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return to_micros(*time);
}

std::optional<WallTime> time_of(const std::optional<std::int64_t>& stored) {
  if (!stored) return std::nullopt;
  return from_micros(*stored);
}

void write_time(ByteWriter& out, const std::optional<WallTime>& time) {
  out.u8(time.has_value() ? 1 : 0);
  if (time) out.u64(static_cast<std::uint64_t>(to_micros(*time)));
}

Bytes canonical(const KeyId& key, const Version& version) {
  ByteWriter out;
  out.raw(key.bytes())
      .u32(version.number)
      .u16(static_cast<std::uint16_t>(version.algorithm))
      .field(state_name(version.state))
      .field(state_name(version.state_before))
      .field(state_name(version.suspended_from))
      .u64(static_cast<std::uint64_t>(version.cell))
      .field(version.public_key)
      .field(version.origin)
      .u64(static_cast<std::uint64_t>(to_micros(version.created_at)));
  write_time(out, version.promoted_at);
  write_time(out, version.demoted_at);
  write_time(out, version.destroy_after);
  write_time(out, version.compromised_at);
  out.field(version.reason).u64(static_cast<std::uint64_t>(version.epoch));
  return std::move(out).bytes();
}

// Values that do not parse were not written by us: the caller reports them as tampering.
Result<Version> parse(const store::Row& row) {
  Version version;
  const std::int64_t number = row.integer(1);
  if (number < 1 || number > UINT32_MAX) return tampered();
  version.number = static_cast<std::uint32_t>(number);
  KW_TRY(version.algorithm, crypto::algorithm_from_number(row.integer(2)));
  KW_TRY(version.state, parse_state(row.text(3)));
  KW_TRY(version.state_before, parse_state(row.text(4)));
  KW_TRY(version.suspended_from, parse_state(row.text(5)));
  version.cell = row.integer(6);
  version.public_key = row.bytes(7);
  version.origin = row.text(8);
  version.created_at = from_micros(row.integer(9));
  version.promoted_at = time_of(row.optional_integer(10));
  version.demoted_at = time_of(row.optional_integer(11));
  version.destroy_after = time_of(row.optional_integer(12));
  version.compromised_at = time_of(row.optional_integer(13));
  version.reason = row.text(14);
  version.epoch = row.integer(15);
  return version;
}

// Two nodes made the same version, or two primaries, at once: the second comes too late.
Error as_stale(const Error& failure) {
  return failure.reason == "unique_violation" ? stale_epoch() : failure;
}

}  // namespace

Result<Version> version_of(seal::RowMacs& macs, const store::Row& row) {
  const auto key = KeyId::from_bytes(row.bytes(0));
  auto version = parse(row);
  if (!key || !version) return tampered();
  KW_OK(macs.check(kTable, canonical(*key, *version), row.bytes(16)));
  return version;
}

Status insert_version(Target target, const KeyId& key, const Version& version) {
  KW_TRY(const auto mac, target.barrier.row_mac(kTable, canonical(key, version)));
  const auto written = target.tx.execute(
      "INSERT INTO key_version (key_id, number, algorithm, state, state_before, suspended_from,"
      " cell, public_key, origin, created_at, promoted_at, demoted_at, destroy_after,"
      " compromised_at, reason, epoch, mac) VALUES"
      " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
      {key.bytes(), version.number, static_cast<std::int64_t>(version.algorithm),
       state_name(version.state), state_name(version.state_before),
       state_name(version.suspended_from), version.cell, version.public_key, version.origin,
       to_micros(version.created_at), micros(version.promoted_at), micros(version.demoted_at),
       micros(version.destroy_after), micros(version.compromised_at), version.reason, version.epoch,
       ByteView(mac)});
  if (!written) return as_stale(written.error());
  return ok();
}

Status insert_versions(Target target, std::span<const VersionRef> versions) {
  store::RowSet rows(17), kids(4);
  KW_TRY(seal::RowMacs macs, target.barrier.row_macs());
  for (const auto& [key, version] : versions) {
    const crypto::Digest256 mac = macs.of(kTable, canonical(key->id, *version));
    rows.add({key->id.bytes(), version->number, static_cast<std::int64_t>(version->algorithm),
              state_name(version->state), state_name(version->state_before),
              state_name(version->suspended_from), version->cell, version->public_key,
              version->origin, to_micros(version->created_at), micros(version->promoted_at),
              micros(version->demoted_at), micros(version->destroy_after),
              micros(version->compromised_at), version->reason, version->epoch,
              rows.keep(Bytes(mac.begin(), mac.end()))});
    if (key->purpose != crypto::Purpose::kSign) continue;
    KW_TRY(std::string kid, kid_of(*key, *version));
    kids.add({key->tenant, kids.keep(std::move(kid)), key->id.bytes(), version->number});
  }
  const auto written = target.tx.execute_rows(
      "WITH r (key_id, number, algorithm, state, state_before, suspended_from, cell, public_key,"
      " origin, created_at, promoted_at, demoted_at, destroy_after, compromised_at, reason, epoch,"
      " mac) AS (/*rows*/) INSERT INTO key_version (key_id, number, algorithm, state,"
      " state_before, suspended_from, cell, public_key, origin, created_at, promoted_at,"
      " demoted_at, destroy_after, compromised_at, reason, epoch, mac)"
      " SELECT r.* FROM r",
      rows);
  if (!written) return as_stale(written.error());
  return target.tx.post_rows(
      "WITH r (tenant, kid, key_id, version) AS (/*rows*/)"
      " INSERT INTO key_kid (tenant, kid, key_id, version)"
      " SELECT r.* FROM r",
      kids);
}

Status demote_versions(Target target, std::span<const VersionRef> versions) {
  store::RowSet rows(8);
  KW_TRY(seal::RowMacs macs, target.barrier.row_macs());
  for (const auto& [key, version] : versions) {
    const std::int64_t expected = version->epoch++;
    const crypto::Digest256 mac = macs.of(kTable, canonical(key->id, *version));
    rows.add({key->id.bytes(), version->number, expected, state_name(version->state),
              micros(version->demoted_at), version->reason, version->epoch,
              rows.keep(Bytes(mac.begin(), mac.end()))});
  }
  KW_TRY(const std::int64_t written,
         target.tx.execute_rows(
             "WITH r (key_id, number, was, state, demoted_at, reason, epoch, mac) AS (/*rows*/)"
             " UPDATE key_version SET state = r.state, demoted_at = r.demoted_at,"
             " reason = r.reason, epoch = r.epoch, mac = r.mac FROM r"
             " WHERE key_version.key_id = r.key_id AND key_version.number = r.number"
             " AND key_version.epoch = r.was",
             rows));
  return written == static_cast<std::int64_t>(versions.size()) ? ok() : Status(stale_epoch());
}

Status insert_kid(store::Tx& tx, const Key& key, const Version& version) {
  if (key.purpose != crypto::Purpose::kSign) return ok();
  KW_TRY(const std::string kid, kid_of(key, version));
  KW_OK(tx.execute("INSERT INTO key_kid (tenant, kid, key_id, version) VALUES ($1, $2, $3, $4)",
                   {key.tenant, kid, key.id.bytes(), version.number}));
  return ok();
}

Status update_version(Target target, const KeyId& key, Version& version) {
  const std::int64_t expected = version.epoch++;
  KW_TRY(const auto mac, target.barrier.row_mac(kTable, canonical(key, version)));
  const auto written = target.tx.execute(
      "UPDATE key_version SET state = $1, state_before = $2, suspended_from = $3,"
      " cell = $4, promoted_at = $5, demoted_at = $6, destroy_after = $7,"
      " compromised_at = $8, reason = $9, epoch = $10, mac = $11"
      " WHERE key_id = $12 AND number = $13 AND epoch = $14",
      {state_name(version.state), state_name(version.state_before),
       state_name(version.suspended_from), version.cell, micros(version.promoted_at),
       micros(version.demoted_at), micros(version.destroy_after), micros(version.compromised_at),
       version.reason, version.epoch, ByteView(mac), key.bytes(), version.number, expected});
  if (!written) return as_stale(written.error());
  if (*written != 1) return stale_epoch();
  return ok();
}

}  // namespace kw::keys::rows
