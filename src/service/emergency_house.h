// Graph, incidents and ceremonies as the operations see them: made once by `app`, part of the
// House.
#pragma once

#include <functional>

#include "rotation/ceremony.h"
#include "rotation/graph.h"
#include "rotation/incident.h"

namespace kw::service {

/// Does not own. Every reference outlives every operation.
struct EmergencyHouse {
  rotation::DependencyGraph& graph;
  rotation::Incidents& incidents;
  rotation::Ceremonies& ceremonies;
  std::function<void()> look_again;  ///< an incident can go on: do not wait for the next look
  /// What a performed ceremony leads to beyond its transaction.
  std::function<Status(const rotation::Ceremony&)> ceremony_performed;
};

}  // namespace kw::service
