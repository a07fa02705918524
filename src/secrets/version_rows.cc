#include "secrets/rows.h"

namespace kw::secrets::rows {

namespace {

constexpr std::string_view kTable = "secret_version";

Bytes canonical(const SecretId& id, const Version& version) {
  ByteWriter out;
  out.raw(id.bytes())
      .u32(version.number)
      .field(rotation::state_name(version.state))
      .field(rotation::state_name(version.state_before))
      .field(rotation::state_name(version.suspended_from))
      .u64(static_cast<std::uint64_t>(version.cell))
      .field(version.origin)
      .field(version.principal)
      .field(version.sources)
      .u64(static_cast<std::uint64_t>(to_micros(version.created_at)));
  write_time(out, version.promoted_at);
  write_time(out, version.demoted_at);
  write_time(out, version.destroy_after);
  write_time(out, version.compromised_at);
  write_time(out, version.expires_at);
  out.field(version.reason).u64(static_cast<std::uint64_t>(version.epoch));
  // Rows that are older than the column have none, and their MAC holds.
  if (!version.note.empty()) out.field(version.note);
  return std::move(out).bytes();
}

// Values that do not parse were not written by us: the caller reports them as tampering.
Result<Version> parse(const store::Row& row) {
  Version version;
  const std::int64_t number = row.integer(0);
  if (number < 1 || number > UINT32_MAX) return tampered();
  version.number = static_cast<std::uint32_t>(number);
  KW_TRY(version.state, rotation::parse_state(row.text(1)));
  KW_TRY(version.state_before, rotation::parse_state(row.text(2)));
  KW_TRY(version.suspended_from, rotation::parse_state(row.text(3)));
  version.cell = row.integer(4);
  version.origin = row.text(5);
  version.principal = row.text(6);
  version.sources = row.text(7);
  version.created_at = from_micros(row.integer(8));
  version.promoted_at = time_of(row.optional_integer(9));
  version.demoted_at = time_of(row.optional_integer(10));
  version.destroy_after = time_of(row.optional_integer(11));
  version.compromised_at = time_of(row.optional_integer(12));
  version.expires_at = time_of(row.optional_integer(13));
  version.reason = row.text(14);
  version.epoch = row.integer(15);
  version.note = row.text(17);
  return version;
}

// Two nodes made the same version, or two primaries, at once: the second comes too late.
Error as_stale(const Error& failure) {
  return failure.reason == "unique_violation" ? stale_epoch() : failure;
}

}  // namespace

Result<std::vector<Version>> versions_of(Source source, const SecretId& id) {
  KW_TRY(const store::Rows found,
         source.reader.query(
             "SELECT number, state, state_before, suspended_from, cell, origin, principal, sources,"
             " created_at, promoted_at, demoted_at, destroy_after, compromised_at, expires_at,"
             " reason, epoch, mac, note FROM secret_version WHERE secret_id = $1 ORDER BY number",
             {id.bytes()}));
  std::vector<Version> all;
  all.reserve(found.size());
  for (const store::Row& row : found) {
    auto version = parse(row);
    if (!version) return tampered();
    KW_OK(source.barrier.check_row(kTable, canonical(id, *version), row.bytes(16)));
    all.push_back(*std::move(version));
  }
  return all;
}

Status insert_version(Sink sink, const SecretId& id, const Version& version) {
  KW_TRY(const auto mac, sink.barrier.row_mac(kTable, canonical(id, version)));
  const auto written = sink.tx.execute(
      "INSERT INTO secret_version (secret_id, number, state, state_before, suspended_from, cell,"
      " origin, principal, sources, created_at, promoted_at, demoted_at, destroy_after,"
      " compromised_at, expires_at, reason, epoch, mac, note) VALUES"
      " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
      {id.bytes(), version.number, rotation::state_name(version.state),
       rotation::state_name(version.state_before), rotation::state_name(version.suspended_from),
       version.cell, version.origin, version.principal, version.sources,
       to_micros(version.created_at), micros(version.promoted_at), micros(version.demoted_at),
       micros(version.destroy_after), micros(version.compromised_at), micros(version.expires_at),
       version.reason, version.epoch, ByteView(mac), version.note});
  if (!written) return as_stale(written.error());
  return ok();
}

Status update_version(Sink sink, const SecretId& id, Version& version) {
  const std::int64_t expected = version.epoch++;
  KW_TRY(const auto mac, sink.barrier.row_mac(kTable, canonical(id, version)));
  const auto written = sink.tx.execute(
      "UPDATE secret_version SET state = $1, state_before = $2, suspended_from = $3, cell = $4,"
      " promoted_at = $5, demoted_at = $6, destroy_after = $7, compromised_at = $8,"
      " expires_at = $9, reason = $10, epoch = $11, mac = $12"
      " WHERE secret_id = $13 AND number = $14 AND epoch = $15",
      {rotation::state_name(version.state), rotation::state_name(version.state_before),
       rotation::state_name(version.suspended_from), version.cell, micros(version.promoted_at),
       micros(version.demoted_at), micros(version.destroy_after), micros(version.compromised_at),
       micros(version.expires_at), version.reason, version.epoch, ByteView(mac), id.bytes(),
       version.number, expected});
  if (!written) return as_stale(written.error());
  if (*written != 1) return stale_epoch();
  return ok();
}

}  // namespace kw::secrets::rows
