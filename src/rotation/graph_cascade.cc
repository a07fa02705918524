#include "rotation/graph_cascade.h"

#include <algorithm>
#include <array>
#include <deque>
#include <set>

namespace kw::rotation {
namespace {

constexpr std::array<std::string_view, 4> kModeNames = {"notify", "rewrap", "re-render", "reissue"};
constexpr std::int32_t kUnplaced = -1;

bool leads_on(CascadeMode mode) {
  return mode >= CascadeMode::kRerender;
}

struct Touched {
  bool affected = false;
  bool source = false;
  CascadeMode mode = CascadeMode::kNotify;
};

// A group is looked at again when its mode got stronger: at most three times.
std::vector<Touched> spread(const GraphModel& graph, std::span<const Node> sources, Cause cause) {
  std::vector<Touched> touched(graph.group_count());
  std::deque<std::uint32_t> queue;
  for (const Node& node : sources) {
    const auto group = graph.group_of(node);
    if (!group || touched[*group].source) continue;
    touched[*group] = {true, true, CascadeMode::kReissue};
    queue.push_back(*group);
  }
  while (!queue.empty()) {
    const std::uint32_t group = queue.front();
    queue.pop_front();
    if (!leads_on(touched[group].mode)) continue;
    for (const auto& arc : graph.arcs(group, Direction::kDown)) {
      const CascadeMode mode = cascade_mode(graph.edges()[arc.edge].type, cause);
      Touched& below = touched[arc.to];
      if (below.affected && below.mode >= mode) continue;
      below = {true, below.source, mode};
      queue.push_back(arc.to);
    }
  }
  return touched;
}

// Places the affected groups one after the other, each behind all that it stands on.
class Placement {
 public:
  Placement(const GraphModel& graph, const std::vector<Touched>& touched)
      : graph_(graph), touched_(touched), wave_(graph.group_count(), kUnplaced) {}

  Result<std::vector<std::int32_t>> place() {
    std::vector<std::uint32_t> open(graph_.group_count());
    std::deque<std::uint32_t> ready;
    std::size_t left = 0;
    for (std::uint32_t group = 0; group < open.size(); ++group) {
      if (!touched_[group].affected) continue;
      ++left;
      for (const auto& arc : graph_.arcs(group, Direction::kUp)) open[group] += orders(arc) ? 1 : 0;
      if (open[group] == 0) ready.push_back(group);
    }
    for (; !ready.empty(); --left) {
      const std::uint32_t group = ready.front();
      ready.pop_front();
      wave_[group] = first_free(group);
      for (const auto& arc : graph_.arcs(group, Direction::kDown))
        if (orders(arc) && --open[arc.to] == 0) ready.push_back(arc.to);
    }
    if (left != 0)
      return error(Code::kDataLoss, "graph_cycle",
                   "the stored dependency graph has a cycle without a break edge");
    return std::move(wave_);
  }

 private:
  bool orders(const GraphModel::Arc& arc) const {
    return touched_[arc.to].affected && !graph_.edges()[arc.edge].breaks;
  }

  std::int32_t first_free(std::uint32_t group) const {
    std::int32_t wave = 0;
    std::set<std::int32_t> taken;
    for (const Direction direction : {Direction::kUp, Direction::kDown})
      for (const auto& arc : graph_.arcs(group, direction)) {
        const Edge& edge = graph_.edges()[arc.edge];
        if (edge.breaks && edge.type == EdgeType::kAuthenticates) taken.insert(wave_[arc.to]);
      }
    for (const auto& arc : graph_.arcs(group, Direction::kUp))
      if (orders(arc)) wave = std::max(wave, wave_[arc.to] + 1);
    while (taken.count(wave) != 0) ++wave;
    return wave;
  }

  const GraphModel& graph_;
  const std::vector<Touched>& touched_;
  std::vector<std::int32_t> wave_;
};

CascadeUnit unit_of(const GraphModel& graph, std::uint32_t group, const Touched& touched) {
  CascadeUnit unit;
  for (const std::uint32_t member : graph.members(group))
    unit.members.push_back(graph.nodes()[member]);
  unit.mode = touched.mode;
  unit.source = touched.source;
  return unit;
}

// Those that the graph does not know: in the first wave, each alone.
void add_strangers(const GraphModel& graph, std::span<const Node> sources, Cascade& cascade) {
  const std::set<Node> distinct(sources.begin(), sources.end());
  for (const Node& node : distinct) {
    if (graph.contains(node)) continue;
    if (cascade.waves.empty()) cascade.waves.emplace_back();
    cascade.waves.front().push_back({{node}, CascadeMode::kReissue, true});
  }
}

}  // namespace

std::string_view cascade_mode_name(CascadeMode mode) {
  return kModeNames[static_cast<std::size_t>(mode)];
}

Result<CascadeMode> parse_cascade_mode(std::string_view name) {
  for (std::size_t i = 0; i < kModeNames.size(); ++i)
    if (kModeNames[i] == name) return static_cast<CascadeMode>(i);
  return error(Code::kInvalidArgument, "bad_mode",
               "a mode is notify, rewrap, re-render or reissue");
}

CascadeMode cascade_mode(EdgeType type, Cause cause) {
  const bool compromise = cause == Cause::kCompromise;
  switch (type) {
    case EdgeType::kWraps:
      return compromise ? CascadeMode::kReissue : CascadeMode::kRewrap;
    case EdgeType::kIssues:
    case EdgeType::kShares:
      return CascadeMode::kReissue;
    case EdgeType::kAuthenticates:
      return compromise ? CascadeMode::kReissue : CascadeMode::kNotify;
    case EdgeType::kEmbeds:
      return CascadeMode::kRerender;
    case EdgeType::kVerifies:
      break;
  }
  return CascadeMode::kNotify;
}

Result<Cascade> cascade(const GraphModel& graph, std::span<const Node> sources, Cause cause) {
  const std::vector<Touched> touched = spread(graph, sources, cause);
  KW_TRY(const std::vector<std::int32_t> waves, Placement(graph, touched).place());
  Cascade cascade;
  for (std::uint32_t group = 0; group < waves.size(); ++group) {
    if (waves[group] == kUnplaced) continue;
    const auto wave = static_cast<std::size_t>(waves[group]);
    if (cascade.waves.size() <= wave) cascade.waves.resize(wave + 1);
    cascade.waves[wave].push_back(unit_of(graph, group, touched[group]));
  }
  add_strangers(graph, sources, cascade);
  return cascade;
}

Result<Reach> reach(const GraphModel& graph, const Node& node, Cause cause) {
  Reach reach;
  const std::vector<Node> below = graph.closure(node, Direction::kDown);
  reach.descendants = below.size();
  reach.ancestors = graph.closure(node, Direction::kUp).size();
  for (const Node& one : below) {
    ++reach.by_kind[std::string(one.kind())];
    ++reach.by_tenant[std::string(one.tenant())];
  }
  KW_TRY(const Cascade cascade, rotation::cascade(graph, {&node, 1}, cause));
  reach.waves = cascade.waves.size();
  for (const auto& wave : cascade.waves)
    for (const CascadeUnit& unit : wave)
      for (const Node& member : unit.members)
        if (member != node) ++reach.by_mode[std::string(cascade_mode_name(unit.mode))];
  return reach;
}

}  // namespace kw::rotation
