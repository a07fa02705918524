#include "rotation/graph_model.h"

#include <algorithm>
#include <deque>
#include <numeric>

namespace kw::rotation {
namespace {

std::uint32_t find_root(std::vector<std::uint32_t>& parent, std::uint32_t node) {
  while (parent[node] != node) {
    parent[node] = parent[parent[node]];
    node = parent[node];
  }
  return node;
}

enum class Colour : std::uint8_t { kWhite, kGrey, kBlack };

}  // namespace

GraphModel GraphModel::of(std::vector<Edge> edges) {
  GraphModel graph;
  graph.edges_ = std::move(edges);
  graph.add_nodes();
  graph.add_groups();
  return graph;
}

void GraphModel::add_nodes() {
  for (const Edge& edge : edges_)
    for (const Node* node : {&edge.from, &edge.to})
      if (index_.emplace(node->text, 0).second) nodes_.push_back(*node);
  std::sort(nodes_.begin(), nodes_.end());
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) index_[nodes_[i].text] = i;
}

void GraphModel::add_groups() {
  std::vector<std::uint32_t> parent(nodes_.size());
  std::iota(parent.begin(), parent.end(), 0U);
  for (const Edge& edge : edges_) {
    if (edge.type != EdgeType::kShares) continue;
    parent[find_root(parent, index_[edge.from.text])] = find_root(parent, index_[edge.to.text]);
  }
  constexpr std::uint32_t kNone = UINT32_MAX;
  std::vector<std::uint32_t> number(nodes_.size(), kNone);
  group_.resize(nodes_.size());
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    std::uint32_t& group = number[find_root(parent, i)];
    if (group == kNone) {
      group = static_cast<std::uint32_t>(members_.size());
      members_.emplace_back();
    }
    group_[i] = group;
    members_[group].push_back(i);
  }
  down_.resize(members_.size());
  up_.resize(members_.size());
  for (std::uint32_t i = 0; i < edges_.size(); ++i) {
    if (edges_[i].type == EdgeType::kShares) continue;
    const std::uint32_t from = group_[index_[edges_[i].from.text]];
    const std::uint32_t to = group_[index_[edges_[i].to.text]];
    down_[from].push_back({to, i});
    up_[to].push_back({from, i});
  }
}

std::optional<std::uint32_t> GraphModel::group_of(const Node& node) const {
  const auto found = index_.find(node.text);
  if (found == index_.end()) return std::nullopt;
  return group_[found->second];
}

std::span<const GraphModel::Arc> GraphModel::arcs(std::uint32_t group, Direction direction) const {
  return direction == Direction::kDown ? down_[group] : up_[group];
}

std::vector<Node> GraphModel::closure(const Node& node, Direction direction) const {
  const auto start = group_of(node);
  if (!start) return {};
  std::vector<bool> seen(members_.size());
  std::vector<std::uint32_t> queue{*start};
  seen[*start] = true;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    for (const Arc& arc : arcs(queue[at], direction)) {
      if (seen[arc.to]) continue;
      seen[arc.to] = true;
      queue.push_back(arc.to);
    }
  }
  std::vector<Node> reached;
  for (const std::uint32_t group : queue)
    for (const std::uint32_t member : members_[group])
      if (nodes_[member] != node) reached.push_back(nodes_[member]);
  std::sort(reached.begin(), reached.end());
  return reached;
}

// Depth first without recursion: a chain may be as long as the graph.
std::vector<Edge> GraphModel::find_cycle() const {
  struct Frame {
    std::uint32_t group;
    std::size_t next;
    std::uint32_t by;  // the edge that led here
  };
  std::vector<Colour> colour(members_.size(), Colour::kWhite);
  std::vector<Frame> stack;
  const auto cycle_to = [&](std::uint32_t group, std::uint32_t closing) {
    std::vector<Edge> cycle;
    auto frame = stack.begin();
    while (frame->group != group) ++frame;
    for (++frame; frame != stack.end(); ++frame) cycle.push_back(edges_[frame->by]);
    cycle.push_back(edges_[closing]);
    return cycle;
  };
  for (std::uint32_t root = 0; root < members_.size(); ++root) {
    if (colour[root] != Colour::kWhite) continue;
    stack.push_back({root, 0, 0});
    colour[root] = Colour::kGrey;
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next == down_[frame.group].size()) {
        colour[frame.group] = Colour::kBlack;
        stack.pop_back();
        continue;
      }
      const Arc arc = down_[frame.group][frame.next++];
      if (edges_[arc.edge].breaks || colour[arc.to] == Colour::kBlack) continue;
      if (colour[arc.to] == Colour::kGrey) return cycle_to(arc.to, arc.edge);
      colour[arc.to] = Colour::kGrey;
      stack.push_back({arc.to, 0, arc.edge});
    }
  }
  return {};
}

std::vector<Edge> GraphModel::path(std::uint32_t from, std::uint32_t to) const {
  constexpr std::uint32_t kNone = UINT32_MAX;
  std::vector<std::uint32_t> by(members_.size(), kNone), before(members_.size(), kNone);
  std::deque<std::uint32_t> queue{from};
  before[from] = from;
  while (!queue.empty() && before[to] == kNone) {
    const std::uint32_t group = queue.front();
    queue.pop_front();
    for (const Arc& arc : down_[group]) {
      if (edges_[arc.edge].breaks || before[arc.to] != kNone) continue;
      before[arc.to] = group;
      by[arc.to] = arc.edge;
      queue.push_back(arc.to);
    }
  }
  std::vector<Edge> edges;
  if (before[to] == kNone) return edges;
  for (std::uint32_t at = to; at != from; at = before[at]) edges.push_back(edges_[by[at]]);
  std::reverse(edges.begin(), edges.end());
  return edges;
}

std::vector<Edge> GraphModel::cycle_closed_by(const Edge& edge) const {
  if (edge.breaks) return {};
  const auto from = group_of(edge.from), to = group_of(edge.to);
  // A new shares edge merges two groups: every path between them closes.
  if (edge.type == EdgeType::kShares && from && to && *from != *to) {
    for (const auto& [a, b] : {std::pair(*from, *to), std::pair(*to, *from)}) {
      std::vector<Edge> way = path(a, b);
      if (!way.empty()) return way;
    }
    return {};
  }
  if (edge.type == EdgeType::kShares) return {};
  if (edge.from == edge.to) return {edge};
  if (!from || !to) return {};
  if (*from == *to) return {edge};
  std::vector<Edge> way = path(*to, *from);
  if (!way.empty()) way.insert(way.begin(), edge);
  return way;
}

const Edge* GraphModel::self_authenticating() const {
  for (std::uint32_t group = 0; group < members_.size(); ++group)
    for (const Arc& arc : down_[group])
      if (arc.to == group && edges_[arc.edge].type == EdgeType::kAuthenticates)
        return &edges_[arc.edge];
  return nullptr;
}

}  // namespace kw::rotation
