#include "rotation/graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/failpoint.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "rotation/graph_text.h"

namespace kw::rotation {
namespace {

using EdgeKey = std::tuple<std::string, std::string, EdgeType>;

EdgeKey key_of(const Edge& edge) {
  return {edge.from.text, edge.to.text, edge.type};
}

Error bad_graph() {
  return error(Code::kDataLoss, "bad_graph", "a stored edge is not one that this program writes");
}
Error too_many_edges() {
  return error(Code::kResourceExhausted, "too_many_edges", "the graph holds 200,000 edges");
}
Error graph_cycle(std::span<const Edge> cycle) {
  return error(
      Code::kFailedPrecondition, "graph_cycle",
      "this would close a cycle; declare one of its edges as a break: " + cycle_text(cycle));
}
Error self_authenticating(const Edge& edge) {
  return error(Code::kFailedPrecondition, "self_authenticating",
               edge.from.text + " would log in to change itself");
}

Result<Edge> edge_of(const store::Row& row) {
  Edge edge;
  edge.from.text = row.text(0);
  edge.to.text = row.text(1);
  edge.breaks = row.integer(3) != 0;
  edge.approval = row.text(4);
  const auto type = parse_edge_type(row.text(2));
  if (!type) return bad_graph();
  edge.type = *type;
  if (!check_edge(edge)) return bad_graph();
  return edge;
}

Result<std::vector<Edge>> read_edges(store::Reader& reader) {
  KW_TRY(const auto rows, reader.query("SELECT from_node, to_node, type, breaks, approval"
                                       " FROM rotation_edge ORDER BY from_node, to_node, type"
                                       " LIMIT $1",
                                       {static_cast<std::int64_t>(kEdgesMax) + 1}));
  if (rows.size() > kEdgesMax) return too_many_edges();
  std::vector<Edge> edges;
  edges.reserve(rows.size());
  for (const store::Row& row : rows) {
    KW_TRY(Edge edge, edge_of(row));
    edges.push_back(std::move(edge));
  }
  return edges;
}

void add_derived(std::vector<Edge> derived, std::vector<Edge>& edges) {
  std::set<EdgeKey> there;
  for (const Edge& edge : edges) there.insert(key_of(edge));
  for (Edge& edge : derived)
    if (there.insert(key_of(edge)).second) edges.push_back(std::move(edge));
}

Status insert(store::Tx& tx, const Edge& edge) {
  return tx.post(
      "INSERT INTO rotation_edge (from_node, to_node, type, breaks, approval)"
      " VALUES ($1, $2, $3, $4, $5)",
      {edge.from.text, edge.to.text, edge_type_name(edge.type), edge.breaks ? 1 : 0,
       edge.approval});
}

Result<std::int64_t> erase(store::Tx& tx, const Edge& edge) {
  return tx.execute("DELETE FROM rotation_edge WHERE from_node = $1 AND to_node = $2 AND type = $3",
                    {edge.from.text, edge.to.text, edge_type_name(edge.type)});
}

// A random revision, not a counter: a transaction that is undone must not leave its number to
// another one, or a cache filled inside it would pass for the later graph.
Status touch(store::Tx& tx) {
  Bytes revision(16);
  crypto::random_public(revision);
  KW_OK(
      tx.execute("INSERT INTO rotation_graph (id, revision) VALUES (1, $1)"
                 " ON CONFLICT (id) DO UPDATE SET revision = excluded.revision",
                 {revision}));
  return ok();
}

Status record(audit::ChangeLog& log, const Change& change, std::string_view action,
              const Edge& edge) {
  const std::string object = edge.from.text + " " + edge.to.text;
  audit::Event event = change.by;
  event.action = action;
  event.kind = "graph";
  event.tenant = edge.from.tenant().empty() ? edge.to.tenant() : edge.from.tenant();
  event.object = object;
  event.note = edge_type_name(edge.type);
  if (!edge.approval.empty()) event.approval = edge.approval;
  KW_OK(log.append(change.tx, event));
  return ok();
}

}  // namespace

Result<std::shared_ptr<const GraphModel>> DependencyGraph::load(store::Reader& reader) {
  KW_TRY(const auto row, reader.query_one("SELECT revision FROM rotation_graph WHERE id = 1", {}));
  ByteWriter state;
  state.field(row ? row->bytes(0) : Bytes());
  if (derived_ != nullptr) {
    KW_TRY(const Bytes derived, derived_->revision(reader));
    state.field(derived);
  }
  const Bytes revision = state.bytes();
  {
    const std::lock_guard lock(mutex_);
    if (model_ != nullptr && revision == revision_) return model_;
  }
  KW_TRY(std::vector<Edge> edges, read_edges(reader));
  if (derived_ != nullptr) {
    KW_TRY(std::vector<Edge> derived, derived_->edges(reader));
    add_derived(std::move(derived), edges);
  }
  auto model = std::make_shared<const GraphModel>(GraphModel::of(std::move(edges)));
  const std::lock_guard lock(mutex_);
  revision_ = revision;
  model_ = model;
  return std::shared_ptr<const GraphModel>(std::move(model));
}

Result<std::vector<Edge>> DependencyGraph::declared(store::Reader& reader) {
  return read_edges(reader);
}

Status DependencyGraph::add(Change change, const Edge& wanted) {
  Edge edge = wanted;
  KW_OK(check_edge(edge));
  KW_TRY(const auto model, load(change.tx));
  const auto same = [&](const Edge& other) { return key_of(other) == key_of(edge); };
  if (std::any_of(model->edges().begin(), model->edges().end(), same))
    return error(Code::kAlreadyExists, "edge_exists", "the graph has this edge");
  if (model->edges().size() >= kEdgesMax) return too_many_edges();
  const std::vector<Edge> cycle = model->cycle_closed_by(edge);
  if (!cycle.empty()) return graph_cycle(cycle);
  std::vector<Edge> all(model->edges().begin(), model->edges().end());
  all.push_back(edge);
  const GraphModel next = GraphModel::of(std::move(all));
  if (const Edge* self = next.self_authenticating()) return self_authenticating(*self);
  KW_FAILPOINT("graph.change");
  KW_OK(insert(change.tx, edge));
  KW_OK(touch(change.tx));
  return record(log_, change, "graph.edge.add", edge);
}

Status DependencyGraph::remove(Change change, const Edge& wanted) {
  Edge edge = wanted;
  if (edge.type == EdgeType::kShares && edge.to < edge.from) std::swap(edge.from, edge.to);
  KW_TRY(const std::int64_t gone, erase(change.tx, edge));
  if (gone == 0) return error(Code::kNotFound, "not_found", "the graph has no such edge");
  KW_FAILPOINT("graph.change");
  KW_OK(touch(change.tx));
  return record(log_, change, "graph.edge.remove", edge);
}

Result<ImportSummary> DependencyGraph::import(Change change, std::string_view text,
                                              ImportMode mode) {
  KW_TRY(const std::vector<Edge> wanted, parse_edges(text));
  KW_TRY(const std::vector<Edge> stored, read_edges(change.tx));
  std::map<EdgeKey, const Edge*> before, after;
  for (const Edge& edge : stored) before.emplace(key_of(edge), &edge);
  if (mode == ImportMode::kMerge) after = before;
  for (const Edge& edge : wanted) after.emplace(key_of(edge), &edge);
  if (after.size() > kEdgesMax) return too_many_edges();

  std::vector<Edge> edges;
  edges.reserve(after.size());
  for (const auto& [key, edge] : after) edges.push_back(*edge);
  // The text's digest binds the leaf to what was imported.
  const std::string digest =
      codec::hex(crypto::sha256(as_bytes(graph_text(GraphModel::of(edges), GraphForm::kJson))));
  if (derived_ != nullptr) {
    KW_TRY(std::vector<Edge> derived, derived_->edges(change.tx));
    add_derived(std::move(derived), edges);
  }
  const GraphModel next = GraphModel::of(std::move(edges));
  const std::vector<Edge> cycle = next.find_cycle();
  if (!cycle.empty()) return graph_cycle(cycle);
  if (const Edge* self = next.self_authenticating()) return self_authenticating(*self);

  ImportSummary summary;
  for (const auto& [key, edge] : before) {
    const auto kept = after.find(key);
    if (kept != after.end() && *kept->second == *edge) {
      ++summary.kept;
      continue;
    }
    KW_OK(erase(change.tx, *edge));
    ++summary.removed;
  }
  for (const auto& [key, edge] : after) {
    const auto was = before.find(key);
    if (was != before.end() && *was->second == *edge) continue;
    KW_OK(insert(change.tx, *edge));
    ++summary.added;
  }
  KW_FAILPOINT("graph.change");
  KW_OK(touch(change.tx));
  audit::Event event = change.by;
  event.action = "graph.import";
  event.kind = "graph";
  event.object = digest;
  event.note = mode == ImportMode::kMerge ? "merge" : "replace";
  event.count = static_cast<std::int64_t>(summary.added + summary.removed);
  KW_OK(log_.append(change.tx, event));
  return summary;
}

}  // namespace kw::rotation
