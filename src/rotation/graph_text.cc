#include "rotation/graph_text.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "codec/json.h"
#include "codec/yaml.h"
#include "rotation/graph.h"

namespace kw::rotation {
namespace {

constexpr codec::JsonLimits kLimits{
    .bytes_max = std::size_t{32} << 20, .depth_max = 4, .tokens_max = 11 * kEdgesMax + 100};

Error bad_edge(std::string_view message) {
  return error(Code::kInvalidArgument, "bad_edge", message);
}
Error unknown_field() {
  return error(Code::kInvalidArgument, "unknown_field",
               "an edge has from, to, type, break and approval; the text has edges");
}

// An edge as it stands in either language.
struct Words {
  std::string from, to, type, approval;
  bool breaks = false;
};

Result<Edge> edge_of(const Words& words) {
  Edge edge;
  KW_TRY(edge.from, Node::parse(words.from));
  KW_TRY(edge.to, Node::parse(words.to));
  KW_TRY(edge.type, parse_edge_type(words.type));
  edge.breaks = words.breaks;
  edge.approval = words.approval;
  KW_OK(check_edge(edge));
  return edge;
}

std::string* place_of(Words& words, std::string_view name) {
  if (name == "from") return &words.from;
  if (name == "to") return &words.to;
  if (name == "type") return &words.type;
  if (name == "approval") return &words.approval;
  return nullptr;
}

// The same walk over JSON and YAML: both views have members, elements, text and boolean.
template <typename View>
Result<Words> words_of(const View& view) {
  Words words;
  for (const auto& [name, value] : view.members()) {
    if (name == "break") {
      KW_TRY(words.breaks, value.boolean());
      continue;
    }
    std::string* const place = place_of(words, name);
    if (place == nullptr) return unknown_field();
    KW_TRY(*place, value.text());
  }
  return words;
}

template <typename View>
Result<std::vector<Edge>> edges_of(const View& root) {
  for (const auto& member : root.members())
    if (member.first != "edges") return unknown_field();
  KW_TRY(const View list, root.member("edges"));
  const auto elements = list.elements();
  if (elements.size() > kEdgesMax)
    return error(Code::kResourceExhausted, "too_many_edges", "the graph holds 200,000 edges");
  std::vector<Edge> edges;
  edges.reserve(elements.size());
  std::set<std::tuple<std::string_view, std::string_view, EdgeType>> seen;
  for (const View& element : elements) {
    KW_TRY(const Words words, words_of(element));
    KW_TRY(Edge edge, edge_of(words));
    edges.push_back(std::move(edge));
    const Edge& kept = edges.back();
    if (!seen.emplace(kept.from.text, kept.to.text, kept.type).second)
      return error(Code::kInvalidArgument, "edge_twice", "the text has one edge twice");
  }
  return edges;
}

std::string dot_text(const GraphModel& graph) {
  std::map<std::string_view, std::vector<std::string_view>> by_tenant;
  for (const Node& node : graph.nodes()) by_tenant[node.tenant()].push_back(node.text);
  std::string out = "digraph dependencies {\n";
  std::size_t number = 0;
  for (const auto& [tenant, nodes] : by_tenant) {
    const bool outside = tenant.empty();
    if (!outside)
      out += "  subgraph cluster_" + std::to_string(number++) + " {\n    label=\"" +
             std::string(tenant) + "\";\n";
    for (const std::string_view node : nodes)
      out += (outside ? "  \"" : "    \"") + std::string(node) +
             (outside ? "\" [shape=box];\n" : "\";\n");
    if (!outside) out += "  }\n";
  }
  for (const Edge& edge : graph.edges()) {
    out += "  \"" + edge.from.text + "\" -> \"" + edge.to.text + "\" [label=\"" +
           std::string(edge_type_name(edge.type)) + "\"";
    if (edge.type == EdgeType::kShares) out += ", dir=none";
    if (edge.breaks) out += ", style=dashed";
    out += "];\n";
  }
  return out + "}\n";
}

std::string json_text(const GraphModel& graph) {
  codec::JsonWriter out;
  out.begin_object().name("edges").begin_array();
  for (const Edge& edge : graph.edges()) {
    out.begin_object().member("from", edge.from.text).member("to", edge.to.text);
    out.member("type", edge_type_name(edge.type));
    if (edge.breaks) out.member("break", true);
    if (!edge.approval.empty()) out.member("approval", edge.approval);
    out.end_object();
  }
  out.end_array().end_object();
  return std::string(out.text());
}

}  // namespace

Status check_edge(Edge& edge) {
  KW_OK(Node::parse(edge.from.text));
  KW_OK(Node::parse(edge.to.text));
  if (edge.from == edge.to) return bad_edge("an edge joins two different nodes");
  if (edge.type == EdgeType::kShares && edge.breaks)
    return bad_edge("names of one material have no order that could break");
  if (edge.type == EdgeType::kShares && edge.to < edge.from) std::swap(edge.from, edge.to);
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  };
  if (edge.approval.size() > 64 || !std::all_of(edge.approval.begin(), edge.approval.end(), fits))
    return bad_edge("an approval is named by its id");
  const std::string_view from = edge.from.tenant(), to = edge.to.tenant();
  const bool across = !from.empty() && !to.empty() && from != to;
  if (across && edge.approval.empty())
    return error(Code::kFailedPrecondition, "cross_domain",
                 "the two ends belong to two tenants: name the approval of the other one");
  return ok();
}

Result<std::vector<Edge>> parse_edges(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '{') {
    KW_TRY(const codec::JsonDocument document, codec::JsonDocument::parse(text, kLimits));
    return edges_of(document.root());
  }
  KW_TRY(const codec::YamlDocument document, codec::YamlDocument::parse(text, "graph"));
  return edges_of(document.root());
}

std::string graph_text(const GraphModel& graph, GraphForm form) {
  return form == GraphForm::kDot ? dot_text(graph) : json_text(graph);
}

}  // namespace kw::rotation
