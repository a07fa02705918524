// What must follow when something is replaced, and in which order. Pure.
//
// Waves are topological: everything stands in a later wave than all that it depends on, except
// across a break edge. Trust is added in this order and taken away in the reverse one. The
// credential that a connector logs in with is never in the wave of what it changes, not even
// across a break edge.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "rotation/graph_model.h"

namespace kw::rotation {

/// Compromise: whatever the old material could open or make is suspect too, so wrapped and managed
/// material is made anew instead of only wrapped anew.
enum class Cause : std::uint8_t { kRotation, kCompromise };

/// What a dependant needs, weakest first. New material or a new value leads on to its own
/// dependants; notify and rewrap end there.
enum class CascadeMode : std::uint8_t { kNotify, kRewrap, kRerender, kReissue };
std::string_view cascade_mode_name(
    CascadeMode mode);  ///< "notify", "rewrap", "re-render", "reissue"
Result<CascadeMode> parse_cascade_mode(std::string_view name);
/// @source spec/rotation.md 3 (rotation); 6, "Compromised wrap key" (compromise).
CascadeMode cascade_mode(EdgeType type, Cause cause);

/// One run: a node with all that shares its material.
struct CascadeUnit {
  std::vector<Node> members;  ///< sorted
  CascadeMode mode = CascadeMode::kReissue;
  bool source = false;  ///< one of those it began with
};
struct Cascade {
  std::vector<std::vector<CascadeUnit>> waves;
};

/// Sources that are not in the graph stand alone in the first wave.
/// @errors kDataLoss(graph_cycle): the edges hold a cycle without a break edge.
Result<Cascade> cascade(const GraphModel& graph, std::span<const Node> sources, Cause cause);

/// How far a node reaches, in numbers.
struct Reach {
  std::size_t descendants = 0, ancestors = 0, waves = 0;
  std::map<std::string, std::size_t> by_kind, by_tenant, by_mode;  ///< of the descendants; tenant
                                                                   ///< "" is outside
};
/// @errors as cascade.
Result<Reach> reach(const GraphModel& graph, const Node& node, Cause cause);

}  // namespace kw::rotation
