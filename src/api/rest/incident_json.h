// Incidents, blast radii and ceremonies as JSON members.
#pragma once

#include "codec/json.h"
#include "service/incidents.h"

namespace kw::api::rest {

/// The incident's own members (docs/formats/evidence.md), then items, acknowledgements, timeline
/// and the approval.
void write_incident_view(codec::JsonWriter& json, const service::IncidentView& view);
/// Counts of a blast radius: what a person decides by.
void write_radius_summary(codec::JsonWriter& json, const rotation::BlastRadius& radius);
void write_ceremony(codec::JsonWriter& json, const rotation::Ceremony& ceremony);

}  // namespace kw::api::rest
