// Incidents and their items as JSON: the form of the rows and of the evidence file. Pure.
#pragma once

#include <string>
#include <string_view>

#include "rotation/incident.h"

namespace kw::rotation {

std::string incident_json(const Incident& incident);
/// @errors kDataLoss(bad_incident)
Result<Incident> parse_incident(std::string_view text);
std::string item_json(const IncidentItem& item);
/// @errors kDataLoss(bad_incident)
Result<IncidentItem> parse_item(std::string_view text);

/// Hex SHA-256 of request and items: what approvers see and approve.
std::string incident_plan_hash(const IncidentRequest& request,
                               const std::vector<IncidentItem>& items);

}  // namespace kw::rotation
