// What hangs together by itself: a tenant's KEK wraps its keys. Beside the edges that people
// declare, so that the graph is useful without typing.
#pragma once

#include "keys/incident_compromise.h"
#include "rotation/graph.h"

namespace kw::keys {

/// Stateless. Leaves the stand-ins of drills out.
class KeyEdges final : public rotation::DerivedEdges {
 public:
  /// Changes with every new or removed key.
  Result<Bytes> revision(store::Reader& reader) override;
  /// Of tenants with more keys than an incident takes: so many that an incident of their KEK is
  /// refused as too large. @errors kResourceExhausted(too_many_edges)
  Result<std::vector<rotation::Edge>> edges(store::Reader& reader) override;
};

}  // namespace kw::keys
