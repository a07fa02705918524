// The dependency graph as operations. A call that names a tenant sees and changes what touches this
// tenant alone; without one it is about all tenants.
#pragma once

#include <memory>
#include <vector>

#include "rotation/graph.h"
#include "rotation/graph_cascade.h"
#include "service/gate.h"

namespace kw::service {

/// Declared and derived edges. @audit graph.read (access log)
Result<std::vector<rotation::Edge>> show_graph(House& house, Call& call);
struct BlastView {
  rotation::Reach reach;       ///< when it is replaced by plan
  rotation::Cascade cascade;   ///< when it is compromised
};
/// What follows from one node. @errors kInvalidArgument(bad_node)
Result<BlastView> blast_of(House& house, Call& call, const rotation::Node& node);
/// @errors those of DependencyGraph::add; kPermissionDenied(outside_tenant): an end in another
/// tenant than the call's. @audit graph.edge.add
Status add_edge(House& house, Call& call, const rotation::Edge& edge,
                const Wording<Done>& wording = {});
/// @audit graph.edge.remove
Status remove_edge(House& house, Call& call, const rotation::Edge& edge,
                   const Wording<Done>& wording = {});
/// Of all tenants. @errors kPermissionDenied(outside_tenant): the call names a tenant.
/// @audit graph.import
Result<rotation::ImportSummary> import_graph(House& house, Call& call, std::string_view text,
                                             rotation::ImportMode mode,
                                             const Wording<rotation::ImportSummary>& wording = {});

}  // namespace kw::service
