// The dependency graph as the cluster keeps it. Tables: rotation_edge, rotation_graph (revision).
// Thread-safe. Borrows the log.
//
// Every change is checked against the whole graph in its transaction: what would close a cycle
// without a break edge is refused, and the message names the cycle.
//
//   KW_OK(graph.add({tx, by}, {kek, key, EdgeType::kWraps}));
//   KW_TRY(const auto model, graph.load(tx));
//   KW_TRY(const Cascade plan, cascade(*model, {&kek, 1}, Cause::kRotation));
#pragma once

#include <memory>
#include <mutex>

#include "audit/change_log.h"
#include "rotation/graph_cascade.h"
#include "rotation/graph_model.h"
#include "rotation/runs.h"

namespace kw::rotation {

inline constexpr std::size_t kEdgesMax = 200'000;

enum class ImportMode : std::uint8_t {
  kMerge,    ///< edges that exist stay as they are
  kReplace,  ///< afterwards the graph is exactly the imported one
};
struct ImportSummary {
  std::size_t added = 0, removed = 0, kept = 0;
};

/// Edges that hold by themselves, from the rooms above: never stored, never removed. Thread-safe.
class DerivedEdges {
 public:
  virtual ~DerivedEdges() = default;
  /// Changes whenever edges() would.
  virtual Result<Bytes> revision(store::Reader& reader) = 0;
  virtual Result<std::vector<Edge>> edges(store::Reader& reader) = 0;
};

class DependencyGraph {
 public:
  /// @param derived  borrowed; null: there are none.
  explicit DependencyGraph(audit::ChangeLog& log, DerivedEdges* derived = nullptr)
      : log_(log), derived_(derived) {}

  /// @errors kInvalidArgument(bad_edge): ends alike, a shares edge that breaks;
  ///   kAlreadyExists(edge_exists); kFailedPrecondition(graph_cycle): the message names it;
  ///   kFailedPrecondition(cross_domain): the ends have two tenants and no approval of the other
  ///   one is named; kFailedPrecondition(self_authenticating);
  ///   kResourceExhausted(too_many_edges).
  /// @audit graph.edge.add
  Status add(Change change, const Edge& edge);
  /// By ends and type; the ends of a shares edge in any order. @errors kNotFound(not_found)
  /// @audit graph.edge.remove
  Status remove(Change change, const Edge& edge);
  /// All or nothing, from the text of graph_text.h. @errors as add and parse_edges
  /// @audit graph.import
  Result<ImportSummary> import(Change change, std::string_view text, ImportMode mode);

  /// The graph as `reader` sees it, with the derived edges; parsed once per change. A derived edge
  /// that was declared as well is there once, as declared.
  /// @errors kDataLoss(bad_graph), kUnavailable(…), and those of DerivedEdges
  Result<std::shared_ptr<const GraphModel>> load(store::Reader& reader);
  /// What people declared alone.
  Result<std::vector<Edge>> declared(store::Reader& reader);

 private:
  audit::ChangeLog& log_;
  DerivedEdges* derived_;
  std::mutex mutex_;
  Bytes revision_;  // of model_
  std::shared_ptr<const GraphModel> model_;
};

}  // namespace kw::rotation
