#include "rotation/incident_rows.h"

#include "base/failpoint.h"
#include "rotation/incident_record.h"

namespace kw::rotation {
namespace {

constexpr std::string_view kTable = "incident";

Bytes row_bytes(std::string_view body, std::int64_t epoch) {
  return ByteWriter().field(body).u64(static_cast<std::uint64_t>(epoch)).bytes();
}

int open_flag(const Incident& incident) {
  return incident.phase == IncidentPhase::kClosed ? 0 : 1;
}

}  // namespace

Status insert_incident(store::Tx& tx, const RowProof& proof, const Incident& incident) {
  const std::string body = incident_json(incident);
  KW_TRY(const Bytes mac, proof.make(kTable, row_bytes(body, incident.epoch)));
  KW_OK(
      tx.execute("INSERT INTO incident (id, open, opened_at, body, report, evidence, epoch, mac)"
                 " VALUES ($1, $2, $3, $4, '', '', $5, $6)",
                 {incident.id.bytes(), open_flag(incident), to_micros(incident.opened_at), body,
                  incident.epoch, mac}));
  return ok();
}

Status save_incident(store::Tx& tx, const RowProof& proof, Incident& incident) {
  KW_FAILPOINT("incident.save");
  const std::string body = incident_json(incident);
  KW_TRY(const Bytes mac, proof.make(kTable, row_bytes(body, incident.epoch + 1)));
  KW_TRY(const std::int64_t changed,
         tx.execute("UPDATE incident SET open = $3, body = $4, mac = $5, epoch = epoch + 1"
                    " WHERE id = $1 AND epoch = $2",
                    {incident.id.bytes(), incident.epoch, open_flag(incident), body, mac}));
  if (changed != 1)
    return error(Code::kAborted, "incident_moved", "the incident was changed meanwhile");
  ++incident.epoch;
  return ok();
}

Result<Incident> load_incident(store::Reader& reader, const RowProof& proof, const IncidentId& id) {
  KW_TRY(const auto row,
         reader.query_one("SELECT body, epoch, mac FROM incident WHERE id = $1", {id.bytes()}));
  if (!row) return error(Code::kNotFound, "not_found", "there is no such incident");
  KW_OK(proof.check(kTable, row_bytes(row->text(0), row->integer(1)), row->bytes(2)));
  KW_TRY(Incident incident, parse_incident(row->text(0)));
  if (incident.id != id)
    return error(Code::kDataLoss, "row_tampered", "an incident's row is that of another one");
  incident.epoch = row->integer(1);
  return incident;
}

Result<std::vector<IncidentItem>> load_items(store::Reader& reader, const IncidentId& id) {
  KW_TRY(const auto rows, reader.query("SELECT body FROM incident_item WHERE incident = $1"
                                       " ORDER BY position",
                                       {id.bytes()}));
  std::vector<IncidentItem> items;
  items.reserve(rows.size());
  for (const store::Row& row : rows) {
    KW_TRY(IncidentItem item, parse_item(row.text(0)));
    if (item.position != static_cast<int>(items.size()))
      return error(Code::kDataLoss, "bad_incident", "an item of an incident is missing");
    items.push_back(std::move(item));
  }
  return items;
}

Result<std::vector<IncidentId>> incident_ids(store::Reader& reader, bool open_only, int limit) {
  KW_TRY(const auto rows, reader.query("SELECT id FROM incident WHERE open >= $1"
                                       " ORDER BY opened_at DESC, id LIMIT $2",
                                       {open_only ? 1 : 0, limit}));
  std::vector<IncidentId> ids;
  for (const store::Row& row : rows) {
    KW_TRY(const IncidentId id, IncidentId::from_bytes(row.bytes(0)));
    ids.push_back(id);
  }
  return ids;
}

Status insert_item(store::Tx& tx, const IncidentId& id, const IncidentItem& item) {
  return tx.post("INSERT INTO incident_item (incident, position, body) VALUES ($1, $2, $3)",
                 {id.bytes(), item.position, item_json(item)});
}

Status save_item(store::Tx& tx, const IncidentId& id, const IncidentItem& item) {
  return tx.post("UPDATE incident_item SET body = $3 WHERE incident = $1 AND position = $2",
                 {id.bytes(), item.position, item_json(item)});
}

Status save_report(store::Tx& tx, const IncidentId& id, std::string_view report) {
  return tx.post("UPDATE incident SET report = $2 WHERE id = $1", {id.bytes(), report});
}

Status save_evidence(store::Tx& tx, const IncidentId& id, std::string_view evidence) {
  return tx.post("UPDATE incident SET evidence = $2 WHERE id = $1", {id.bytes(), evidence});
}

Status freeze(store::Tx& tx, const IncidentId& id, const Subject& subject) {
  return tx.post(
      "INSERT INTO incident_freeze (subject, incident) VALUES ($1, $2)"
      " ON CONFLICT (subject, incident) DO NOTHING",
      {subject.text(), id.bytes()});
}

Status thaw(store::Tx& tx, const IncidentId& id) {
  KW_OK(tx.execute("DELETE FROM incident_freeze WHERE incident = $1", {id.bytes()}));
  return ok();
}

}  // namespace kw::rotation
