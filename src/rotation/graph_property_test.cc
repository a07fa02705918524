// Random graphs: waves respect every edge, every cycle is found, and large graphs stay quick.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "rotation/graph_cascade.h"

namespace kw::rotation {
namespace {

Node node_of(std::uint32_t number) {
  return Node{"key:acme/n" + std::to_string(number)};
}

std::uint64_t seed() {
  const char* given = std::getenv("KW_SEED");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20261120;
}

struct RandomGraph {
  std::vector<Edge> edges;
  std::uint32_t nodes = 0;
};

EdgeType random_type(std::mt19937_64& random, bool shares) {
  const auto type = static_cast<EdgeType>(random() % 6);
  return type == EdgeType::kShares && !shares ? EdgeType::kEmbeds : type;
}

// Edges in any direction; about one in five breaks.
RandomGraph any_graph(std::mt19937_64& random) {
  RandomGraph graph;
  graph.nodes = 2 + random() % 12;
  const std::size_t count = random() % 24;
  for (std::size_t i = 0; i < count; ++i) {
    Edge edge{node_of(random() % graph.nodes),
              node_of(random() % graph.nodes),
              random_type(random, true),
              random() % 5 == 0,
              {}};
    if (edge.type == EdgeType::kShares) edge.breaks = false;
    if (edge.from != edge.to) graph.edges.push_back(edge);
  }
  return graph;
}

// The slow and obvious way: names of one material are one number; then Warshall's closure.
bool has_cycle(const RandomGraph& graph) {
  std::map<std::string, std::uint32_t> name;
  for (std::uint32_t i = 0; i < graph.nodes; ++i) name[node_of(i).text] = i;
  for (std::uint32_t round = 0; round < graph.nodes; ++round)
    for (const Edge& edge : graph.edges)
      if (edge.type == EdgeType::kShares) {
        const std::uint32_t least = std::min(name[edge.from.text], name[edge.to.text]);
        name[edge.from.text] = name[edge.to.text] = least;
      }
  std::vector<std::vector<bool>> way(graph.nodes, std::vector<bool>(graph.nodes));
  for (const Edge& edge : graph.edges)
    if (!edge.breaks && edge.type != EdgeType::kShares)
      way[name[edge.from.text]][name[edge.to.text]] = true;
  for (std::uint32_t k = 0; k < graph.nodes; ++k)
    for (std::uint32_t i = 0; i < graph.nodes; ++i)
      for (std::uint32_t j = 0; j < graph.nodes; ++j)
        if (way[i][k] && way[k][j]) way[i][j] = true;
  for (std::uint32_t i = 0; i < graph.nodes; ++i)
    if (way[i][i]) return true;
  return false;
}

std::map<std::string, std::size_t> waves_of(const Cascade& plan) {
  std::map<std::string, std::size_t> waves;
  for (std::size_t wave = 0; wave < plan.waves.size(); ++wave)
    for (const CascadeUnit& unit : plan.waves[wave])
      for (const Node& node : unit.members) waves[node.text] = wave;
  return waves;
}

void expect_order(const std::vector<Edge>& edges, const Cascade& plan) {
  const auto waves = waves_of(plan);
  for (const Edge& edge : edges) {
    const auto from = waves.find(edge.from.text), to = waves.find(edge.to.text);
    if (from == waves.end() || to == waves.end()) continue;
    if (edge.type == EdgeType::kShares) {
      EXPECT_EQ(from->second, to->second);
    } else if (!edge.breaks) {
      EXPECT_LT(from->second, to->second) << edge.from.text << " " << edge.to.text;
    } else if (edge.type == EdgeType::kAuthenticates) {
      EXPECT_NE(from->second, to->second) << edge.from.text << " " << edge.to.text;
    }
  }
  for (const auto& wave : plan.waves) EXPECT_FALSE(wave.empty());
}

TEST(GraphProperty, finds_every_cycle_and_orders_everything_else) {
  std::mt19937_64 random(seed());
  int cyclic = 0, ordered = 0;
  for (int i = 0; i < 20'000 && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("KW_SEED=" + std::to_string(seed()) + " graph " + std::to_string(i));
    const RandomGraph random_graph = any_graph(random);
    const GraphModel graph = GraphModel::of(random_graph.edges);
    const std::vector<Edge> cycle = graph.find_cycle();
    EXPECT_EQ(!cycle.empty(), has_cycle(random_graph));
    for (std::size_t at = 0; at < cycle.size(); ++at) {
      const Edge& next = cycle[(at + 1) % cycle.size()];
      EXPECT_FALSE(cycle[at].breaks);
      EXPECT_EQ(graph.group_of(cycle[at].to), graph.group_of(next.from));
    }
    if (!cycle.empty() || graph.self_authenticating() != nullptr) {
      ++cyclic;
      continue;
    }
    const Node start = node_of(random() % random_graph.nodes);
    for (const Cause cause : {Cause::kRotation, Cause::kCompromise}) {
      const auto plan = cascade(graph, {&start, 1}, cause);
      ASSERT_TRUE(plan);
      expect_order(random_graph.edges, *plan);
    }
    ++ordered;
  }
  EXPECT_GT(cyclic, 1'000);
  EXPECT_GT(ordered, 1'000);
}

TEST(GraphProperty, says_before_an_edge_is_added_whether_it_closes_a_cycle) {
  std::mt19937_64 random(seed() + 1);
  for (int i = 0; i < 5'000 && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("KW_SEED=" + std::to_string(seed()) + " graph " + std::to_string(i));
    RandomGraph grown;
    grown.nodes = 10;
    for (const Edge& edge : any_graph(random).edges) {
      RandomGraph next = grown;
      next.edges.push_back(edge);
      next.nodes = 16;
      const bool closes = !GraphModel::of(grown.edges).cycle_closed_by(edge).empty();
      EXPECT_EQ(closes, has_cycle(next));
      if (!closes) grown.edges.push_back(edge);
    }
  }
}

TEST(GraphProperty, holds_ten_thousand_nodes_and_fifty_thousand_edges) {
  std::mt19937_64 random(seed() + 2);
  std::vector<Edge> edges;
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  while (edges.size() < 50'000) {
    const std::uint32_t a = random() % 10'000, b = random() % 10'000;
    if (a == b || !seen.insert(std::minmax(a, b)).second) continue;
    edges.push_back(
        {node_of(std::min(a, b)), node_of(std::max(a, b)), random_type(random, false), false, {}});
  }
  const auto begin = std::chrono::steady_clock::now();
  const GraphModel graph = GraphModel::of(edges);
  EXPECT_TRUE(graph.find_cycle().empty());
  const Node start = node_of(0);
  const auto plan = cascade(graph, {&start, 1}, Cause::kCompromise);
  ASSERT_TRUE(plan);
  EXPECT_GT(graph.closure(start, Direction::kDown).size(), 1'000U);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  expect_order(edges, *plan);
  RecordProperty("milliseconds", static_cast<int>(took.count() * 1000));
  // Generous: a sanitizer build on a busy machine. The measured time is tens of milliseconds.
  EXPECT_LT(took.count(), 10.0);
}

TEST(GraphProperty, a_chain_as_long_as_the_graph_needs_no_deep_stack) {
  std::vector<Edge> edges;
  for (std::uint32_t i = 0; i + 1 < 100'000; ++i)
    edges.push_back({node_of(i), node_of(i + 1), EdgeType::kEmbeds, false, {}});
  EXPECT_TRUE(GraphModel::of(edges).find_cycle().empty());
  const Node start = node_of(0);
  EXPECT_EQ(cascade(GraphModel::of(edges), {&start, 1}, Cause::kRotation).value().waves.size(),
            100'000U);
  edges.push_back({node_of(99'999), node_of(0), EdgeType::kEmbeds, false, {}});
  EXPECT_EQ(GraphModel::of(edges).find_cycle().size(), 100'000U);
}

}  // namespace
}  // namespace kw::rotation
