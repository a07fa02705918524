#include "service/graph.h"

#include "api/rest/handlers.h"
#include "rotation/graph_text.h"

namespace kw::api::rest {

namespace {

using codec::JsonWriter;
using rotation::Edge;

Result<Edge> edge_from(std::string_view from, std::string_view to, std::string_view type) {
  Edge edge;
  KW_TRY(edge.from, rotation::Node::parse(from));
  KW_TRY(edge.to, rotation::Node::parse(to));
  KW_TRY(edge.type, rotation::parse_edge_type(type));
  return edge;
}

Answer summary_answer(const rotation::ImportSummary& summary) {
  JsonWriter json;
  json.begin_object().member("added", static_cast<std::uint64_t>(summary.added));
  json.member("removed", static_cast<std::uint64_t>(summary.removed));
  json.member("kept", static_cast<std::uint64_t>(summary.kept)).end_object();
  return json_answer(json);
}

void write_counts(JsonWriter& json, std::string_view name,
                  const std::map<std::string, std::size_t>& counts) {
  json.name(name).begin_object();
  for (const auto& [word, count] : counts) json.member(word, static_cast<std::uint64_t>(count));
  json.end_object();
}

void write_wave(JsonWriter& json, const std::vector<rotation::CascadeUnit>& wave) {
  json.begin_array();
  for (const rotation::CascadeUnit& unit : wave) {
    json.begin_object().member("mode", rotation::cascade_mode_name(unit.mode));
    json.member("source", unit.source).name("nodes").begin_array();
    for (const rotation::Node& node : unit.members) json.value(node.text);
    json.end_array().end_object();
  }
  json.end_array();
}

Answer text_answer(std::string_view text, std::string_view type) {
  Answer answer;
  answer.body.assign(text);
  answer.content_type = type;
  return answer;
}

}  // namespace

namespace handlers {

Result<Answer> graph_show(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "format"}));
  const std::string_view format = exchange.query_text("format").value_or("json");
  if (format != "json" && format != "dot")
    return error(Code::kInvalidArgument, "bad_query", "\"format\" is json or dot");
  KW_TRY(std::vector<Edge> edges, service::show_graph(exchange.house, exchange.call));
  const auto model = rotation::GraphModel::of(std::move(edges));
  if (format == "dot")
    return text_answer(rotation::graph_text(model, rotation::GraphForm::kDot),
                       "text/vnd.graphviz");
  return text_answer(rotation::graph_text(model, rotation::GraphForm::kJson), "application/json");
}

Result<Answer> graph_add(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto body, exchange.body_object({"from", "to", "type", "break", "approval"}));
  const codec::JsonView root = body.root();
  KW_TRY(const std::string_view from, root.text("from"));
  KW_TRY(const std::string_view to, root.text("to"));
  KW_TRY(const std::string_view type, root.text("type"));
  KW_TRY(Edge edge, edge_from(from, to, type));
  KW_TRY(edge.breaks, boolean_or(root, "break", false));
  KW_TRY(edge.approval, text_or(root, "approval", ""));
  KW_OK(service::add_edge(exchange.house, exchange.call, edge, kept_no_content));
  return no_content();
}

Result<Answer> graph_remove(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "from", "to", "type"}));
  KW_TRY(const Edge edge, edge_from(exchange.query_text("from").value_or(""),
                                    exchange.query_text("to").value_or(""),
                                    exchange.query_text("type").value_or("")));
  KW_OK(service::remove_edge(exchange.house, exchange.call, edge, kept_no_content));
  return no_content();
}

Result<Answer> graph_import(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto body, exchange.body_object({"text", "mode"}));
  KW_TRY(const std::string_view text, body.root().text("text"));
  KW_TRY(const std::string mode, text_or(body.root(), "mode", "merge"));
  if (mode != "merge" && mode != "replace")
    return error(Code::kInvalidArgument, "bad_mode", "\"mode\" is merge or replace");
  const auto chosen =
      mode == "merge" ? rotation::ImportMode::kMerge : rotation::ImportMode::kReplace;
  KW_TRY(const rotation::ImportSummary summary,
         service::import_graph(
             exchange.house, exchange.call, text, chosen,
             [](const rotation::ImportSummary& done) { return kept(summary_answer(done)); }));
  return summary_answer(summary);
}

Result<Answer> graph_blast(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "subject"}));
  KW_TRY(const rotation::Node node,
         rotation::Node::parse(exchange.query_text("subject").value_or("")));
  KW_TRY(const service::BlastView view, service::blast_of(exchange.house, exchange.call, node));
  JsonWriter json;
  json.begin_object().member("subject", node.text);
  json.member("descendants", static_cast<std::uint64_t>(view.reach.descendants));
  json.member("ancestors", static_cast<std::uint64_t>(view.reach.ancestors));
  write_counts(json, "by_kind", view.reach.by_kind);
  write_counts(json, "by_tenant", view.reach.by_tenant);
  write_counts(json, "by_mode", view.reach.by_mode);
  json.name("waves").begin_array();
  for (const auto& wave : view.cascade.waves) write_wave(json, wave);
  json.end_array().end_object();
  return json_answer(json);
}

}  // namespace handlers

}  // namespace kw::api::rest
