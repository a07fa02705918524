// What depends on what, in memory: nodes, typed edges, reach and cycles. Immutable once made, so
// safe from any thread; owns everything. 10,000 nodes and 50,000 edges are made and searched in
// tens of milliseconds.
//
//   const GraphModel graph = GraphModel::of(std::move(edges));
//   for (const Node& node : graph.closure(kek, Direction::kDown)) …
//
// An edge goes from what others stand on to what stands on it: the KEK wraps the key. `shares` has
// no direction: both names hold one material, so they are one group, and rotate as one run. A
// cycle is allowed only if one of its edges is declared as the place where the order breaks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "rotation/subject.h"

namespace kw::rotation {

/// A subject ("key:acme/orders") or something outside that only has a name ("db:orders-prod").
struct Node {
  std::string text;

  /// Kind [a-z][a-z0-9-]{0,31}, a colon, then either <tenant>/<name>, where a name is
  /// [A-Za-z0-9][A-Za-z0-9._/@-]{0,255}, or an outside name [A-Za-z0-9][A-Za-z0-9._@-]{0,255}.
  /// @errors kInvalidArgument(bad_node)
  static Result<Node> parse(std::string_view text);
  /// @errors kInvalidArgument(bad_node)
  static Result<Node> of(const Subject& subject);
  /// Nothing for a node outside.
  std::optional<Subject> subject() const;
  std::string_view kind() const;
  std::string_view tenant() const;  ///< "" for a node outside
  auto operator<=>(const Node&) const = default;
};

enum class EdgeType : std::uint8_t {
  kWraps,          ///< KEK to what it wraps
  kIssues,         ///< CA to leaf
  kAuthenticates,  ///< the credential that a connector logs in with, to what it changes there
  kEmbeds,         ///< credential to the value that contains it
  kShares,         ///< two names of one material
  kVerifies,       ///< key to those who check by it
};
std::string_view edge_type_name(EdgeType type);  ///< "wraps" … "verifies"
Result<EdgeType> parse_edge_type(std::string_view name);

struct Edge {
  Node from, to;
  EdgeType type = EdgeType::kWraps;
  bool breaks = false;   ///< gives up order here, so that a cycle has a beginning
  std::string approval;  ///< of the other domain, when the two ends have different tenants
  bool operator==(const Edge&) const = default;
};

enum class Direction : std::uint8_t {
  kDown,
  kUp
};  ///< to those who depend; to what is depended on

class GraphModel {
 public:
  static GraphModel of(std::vector<Edge> edges);

  std::span<const Edge> edges() const { return edges_; }
  std::span<const Node> nodes() const { return nodes_; }
  bool contains(const Node& node) const { return index_.count(node.text) != 0; }

  /// All that is reached from `node`, itself left out, sorted. Break edges lead on as others do.
  std::vector<Node> closure(const Node& node, Direction direction) const;
  /// The edges of a cycle without a break edge, in order; empty: there is none. Edges between two
  /// members of one shares group are cycles too.
  std::vector<Edge> find_cycle() const;
  /// The cycle that `edge` would close, itself first; empty: none.
  std::vector<Edge> cycle_closed_by(const Edge& edge) const;
  /// An edge by which a credential would rotate itself, if there is one: never allowed, since the
  /// two ends can never be in different waves.
  const Edge* self_authenticating() const;

  /// For the cascade: an arc between two groups. A group is a node with all that shares with it.
  struct Arc {
    std::uint32_t to = 0;    ///< group
    std::uint32_t edge = 0;  ///< index into edges()
  };
  std::size_t group_count() const { return members_.size(); }
  std::optional<std::uint32_t> group_of(const Node& node) const;
  std::span<const std::uint32_t> members(std::uint32_t group) const { return members_[group]; }
  std::span<const Arc> arcs(std::uint32_t group, Direction direction) const;

 private:
  GraphModel() = default;
  void add_nodes();
  void add_groups();
  std::vector<Edge> path(std::uint32_t from, std::uint32_t to) const;

  std::vector<Edge> edges_;
  std::vector<Node> nodes_;  // sorted
  std::unordered_map<std::string, std::uint32_t> index_;
  std::vector<std::uint32_t> group_;                 // by node
  std::vector<std::vector<std::uint32_t>> members_;  // by group: nodes
  std::vector<std::vector<Arc>> down_, up_;          // by group
};

/// "kek:acme/main -wraps-> key:acme/orders -embeds-> …", at most 10 edges.
std::string cycle_text(std::span<const Edge> cycle);

}  // namespace kw::rotation
