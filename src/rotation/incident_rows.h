// The tables incident, incident_item and incident_freeze. Inside the room only.
#pragma once

#include <vector>

#include "rotation/incident.h"

namespace kw::rotation {

struct IncidentRow {
  Incident incident;
  std::vector<IncidentItem> items;  ///< by position
};

Status insert_incident(store::Tx& tx, const RowProof& proof, const Incident& incident);
/// Writes the incident over a row that still has its epoch; raises it there and here.
/// @errors kAborted(incident_moved)
Status save_incident(store::Tx& tx, const RowProof& proof, Incident& incident);
/// @errors kNotFound(not_found), kDataLoss(row_tampered | bad_incident)
Result<Incident> load_incident(store::Reader& reader, const RowProof& proof, const IncidentId& id);
Result<std::vector<IncidentItem>> load_items(store::Reader& reader, const IncidentId& id);
/// Newest first.
Result<std::vector<IncidentId>> incident_ids(store::Reader& reader, bool open_only, int limit);

Status insert_item(store::Tx& tx, const IncidentId& id, const IncidentItem& item);
Status save_item(store::Tx& tx, const IncidentId& id, const IncidentItem& item);

Status save_report(store::Tx& tx, const IncidentId& id, std::string_view report);
Status save_evidence(store::Tx& tx, const IncidentId& id, std::string_view evidence);

Status freeze(store::Tx& tx, const IncidentId& id, const Subject& subject);
Status thaw(store::Tx& tx, const IncidentId& id);

}  // namespace kw::rotation
