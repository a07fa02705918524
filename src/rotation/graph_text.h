// The dependency graph as text: what is imported, and what people and programs look at. Pure.
//
//   edges:
//     - {from: "kek:acme/main", to: "key:acme/orders", type: wraps}
//     - {from: "db:orders", to: "secret:acme/orders-dsn", type: embeds, break: true}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rotation/graph_model.h"

namespace kw::rotation {

/// A list of edges in JSON (a text that begins with '{'; up to 32 MiB and 200,000 edges) or YAML
/// (up to 1 MiB and some 2,000 edges). Members: from, to, type, break?, approval?; no others. The
/// ends of shares edges come back in order. Says nothing about cycles.
/// @errors kInvalidArgument(bad_edge | bad_node | unknown_field | edge_twice) and those of the
///   readers; kTooLarge(json_too_large); kResourceExhausted(too_many_edges)
Result<std::vector<Edge>> parse_edges(std::string_view text);
/// What one edge must fulfil by itself; puts the ends of a shares edge in order.
/// @errors kInvalidArgument(bad_node | bad_edge), kFailedPrecondition(cross_domain)
Status check_edge(Edge& edge);

enum class GraphForm : std::uint8_t { kDot, kJson };
/// DOT for Graphviz: tenants as clusters, break edges dashed. JSON: what parse_edges reads.
std::string graph_text(const GraphModel& graph, GraphForm form);

}  // namespace kw::rotation
