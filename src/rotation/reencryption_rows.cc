#include "rotation/reencryption_rows.h"

namespace kw::rotation {

Status put_quarantined(store::Tx& tx, const JobId& job, std::span<const Quarantined> entries) {
  for (const Quarantined& entry : entries) {
    KW_OK(
        tx.post("INSERT INTO rotation_quarantine (job, item, reason, pass, first_at, last_at)"
                " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (job, item) DO UPDATE SET"
                " reason = excluded.reason, pass = excluded.pass, last_at = excluded.last_at",
                {job.bytes(), entry.item, entry.reason, entry.pass, to_micros(entry.first_at),
                 to_micros(entry.last_at)}));
  }
  return ok();
}

Result<std::int64_t> count_quarantined(store::Reader& reader, const JobId& job, int pass) {
  KW_TRY(const auto row,
         reader.query_one("SELECT count(*) FROM rotation_quarantine WHERE job = $1 AND pass = $2",
                          {job.bytes(), pass}));
  return row->integer(0);
}

Result<std::int64_t> count_quarantined(store::Reader& reader, const JobId& job, int pass,
                                       std::string_view reason) {
  KW_TRY(const auto row, reader.query_one("SELECT count(*) FROM rotation_quarantine"
                                          " WHERE job = $1 AND pass = $2 AND reason = $3",
                                          {job.bytes(), pass, reason}));
  return row->integer(0);
}

Result<std::vector<Quarantined>> list_quarantined(store::Reader& reader, const JobId& job,
                                                  std::string_view after, int limit) {
  KW_TRY(const auto rows,
         reader.query("SELECT item, reason, pass, first_at, last_at FROM rotation_quarantine"
                      " WHERE job = $1 AND item > $2 ORDER BY item LIMIT $3",
                      {job.bytes(), after, limit}));
  std::vector<Quarantined> entries;
  entries.reserve(rows.size());
  for (const store::Row& row : rows) {
    entries.push_back({row.text(0), row.text(1), static_cast<int>(row.integer(2)),
                       from_micros(row.integer(3)), from_micros(row.integer(4))});
  }
  return entries;
}

Status forget_references(store::Tx& tx, const Job& job, WallTime first, WallTime second) {
  return tx.post(
      "UPDATE rotation_reference SET items = 0, first_at = $4, second_at = $5"
      " WHERE tenant = $1 AND subject = $2 AND place = $3",
      {job.tenant, job.subject, job.place, to_micros(first), to_micros(second)});
}

Status put_reference(store::Tx& tx, const Reference& reference) {
  return tx.post(
      "INSERT INTO rotation_reference (tenant, subject, place, version, items, first_at, second_at)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, subject, place, version)"
      " DO UPDATE SET items = excluded.items, first_at = excluded.first_at,"
      " second_at = excluded.second_at",
      {reference.tenant, reference.subject, reference.place, reference.version, reference.items,
       to_micros(reference.first_at), to_micros(reference.second_at)});
}

Result<std::vector<Reference>> list_references(store::Reader& reader, std::string_view tenant,
                                               std::string_view subject) {
  KW_TRY(const auto rows,
         reader.query("SELECT place, version, items, first_at, second_at FROM rotation_reference"
                      " WHERE tenant = $1 AND subject = $2 ORDER BY place, version LIMIT 100000",
                      {tenant, subject}));
  std::vector<Reference> references;
  for (const store::Row& row : rows) {
    Reference reference;
    reference.tenant = tenant;
    reference.subject = subject;
    reference.place = row.text(0);
    reference.version = static_cast<std::uint32_t>(row.integer(1));
    reference.items = row.integer(2);
    reference.first_at = from_micros(row.integer(3));
    reference.second_at = from_micros(row.integer(4));
    references.push_back(std::move(reference));
  }
  return references;
}

}  // namespace kw::rotation
