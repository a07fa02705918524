#include "service/graph.h"

namespace kw::service {

namespace {

using rotation::Edge;

Error outside_tenant(std::string_view what) {
  return error(Code::kPermissionDenied, "outside_tenant",
               std::string(what) + " lies outside of this tenant: ask for all tenants");
}

bool touches(const Edge& edge, std::string_view tenant) {
  return tenant.empty() || edge.from.tenant() == tenant || edge.to.tenant() == tenant;
}

// An end that is no subject (an application, a database) belongs to nobody.
Status check_ends(const Call& call, const Edge& edge) {
  if (call.tenant.empty()) return ok();
  if (!touches(edge, call.tenant)) return outside_tenant(edge.from.text);
  for (const rotation::Node* end : {&edge.from, &edge.to})
    if (!end->tenant().empty() && end->tenant() != call.tenant) return outside_tenant(end->text);
  return ok();
}

rotation::Change own(const keys::Change& change) {
  return {change.tx, change.by};
}

Result<std::shared_ptr<const rotation::GraphModel>> load_graph(House& house) {
  std::shared_ptr<const rotation::GraphModel> model;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(model, house.emergency.graph.load(reader));
    return ok();
  }));
  return model;
}

Status change_graph(House& house, Call& call, const Edge& edge, const Wording<Done>& wording,
                    const std::function<Status(rotation::Change)>& work) {
  Status outcome = [&]() -> Status {
    KW_OK(authorise(house, call, {}));
    KW_OK(check_ends(call, edge));
    return transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_OK(work(own(change)));
      keep(call, wording, Done{});
      return ok();
    });
  }();
  if (!outcome) KW_OK(record_and_wait(house, call, outcome));
  return outcome;
}

}  // namespace

Result<std::vector<Edge>> show_graph(House& house, Call& call) {
  return consulted<std::vector<Edge>>(house, call, [&]() -> Result<std::vector<Edge>> {
    KW_TRY(const auto model, load_graph(house));
    std::vector<Edge> edges;
    for (const Edge& edge : model->edges())
      if (touches(edge, call.tenant)) edges.push_back(edge);
    return edges;
  });
}

Result<BlastView> blast_of(House& house, Call& call, const rotation::Node& node) {
  return consulted<BlastView>(house, call, [&]() -> Result<BlastView> {
    if (!call.tenant.empty() && node.tenant() != call.tenant) return not_found();
    KW_TRY(const auto model, load_graph(house));
    BlastView view;
    KW_TRY(view.reach, rotation::reach(*model, node, rotation::Cause::kCompromise));
    KW_TRY(view.cascade, rotation::cascade(*model, {&node, 1}, rotation::Cause::kCompromise));
    return view;
  });
}

Status add_edge(House& house, Call& call, const Edge& edge, const Wording<Done>& wording) {
  return change_graph(house, call, edge, wording, [&](rotation::Change change) {
    return house.emergency.graph.add(change, edge);
  });
}

Status remove_edge(House& house, Call& call, const Edge& edge, const Wording<Done>& wording) {
  return change_graph(house, call, edge, wording, [&](rotation::Change change) {
    return house.emergency.graph.remove(change, edge);
  });
}

Result<rotation::ImportSummary> import_graph(House& house, Call& call, std::string_view text,
                                             rotation::ImportMode mode,
                                             const Wording<rotation::ImportSummary>& wording) {
  using Summary = rotation::ImportSummary;
  return recorded<Summary>(house, call, [&]() -> Result<Summary> {
    KW_OK(authorise(house, call, {}));
    if (!call.tenant.empty()) return outside_tenant("an import");
    Summary summary;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(summary, house.emergency.graph.import(own(change), text, mode));
      keep(call, wording, summary);
      return ok();
    }));
    return summary;
  });
}

}  // namespace kw::service
