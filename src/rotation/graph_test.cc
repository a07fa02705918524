#include "rotation/graph.h"

#include <gtest/gtest.h>

#include "rotation/graph_text.h"
#include "rotation/incident_room_for_test.h"

namespace kw::rotation {
namespace {

Node node(std::string_view text) {
  return Node::parse(text).value();
}
Edge edge(std::string_view from, std::string_view to, EdgeType type = EdgeType::kWraps) {
  return {node(from), node(to), type, false, {}};
}
std::vector<std::string> texts(const std::vector<Node>& nodes) {
  std::vector<std::string> out;
  out.reserve(nodes.size());
  for (const Node& one : nodes) out.push_back(one.text);
  return out;
}
using Texts = std::vector<std::string>;

class GraphTest : public testing::Test {
 protected:
  std::string add(const Edge& one) {
    return room_.write([&](Change change) { return graph_.add(change, one); });
  }
  std::string remove(const Edge& one) {
    return room_.write([&](Change change) { return graph_.remove(change, one); });
  }
  std::string import(std::string_view text, ImportMode mode = ImportMode::kMerge) {
    return room_.write([&](Change change) -> Status {
      KW_TRY(summary_, graph_.import(change, text, mode));
      return ok();
    });
  }
  std::shared_ptr<const GraphModel> model() {
    std::shared_ptr<const GraphModel> found;
    EXPECT_EQ(why(room_.store().read([&](store::Reader& reader) -> Status {
                KW_TRY(found, graph_.load(reader));
                return ok();
              })),
              "");
    return found;
  }

  IncidentRoom room_;
  DependencyGraph graph_{room_.log()};
  ImportSummary summary_;
};

TEST(Node, reads_subjects_and_things_outside) {
  EXPECT_EQ(node("key:acme/orders").subject(), (Subject{"key", "acme", "orders"}));
  EXPECT_EQ(node("secret:acme/db/orders").subject(), (Subject{"secret", "acme", "db/orders"}));
  EXPECT_EQ(node("db:orders-prod").subject(), std::nullopt);
  EXPECT_EQ(node("app:shop@eu").kind(), "app");
  EXPECT_EQ(Node::of({"key", "acme", "orders"}).value().text, "key:acme/orders");
}

TEST(Node, refuses_what_could_be_taken_for_something_else) {
  for (const char* text :
       {"", "key", "key:", ":x", "Key:acme/x", "key:ACME/x", "key:acme/", "key:/x", "db:a\"b",
        "db:a b", "db:a\nb", "db:-a", "db:\xC3\xA4", "key:acme/../x\\"})
    EXPECT_EQ(why(Node::parse(text)), "bad_node") << text;
  EXPECT_EQ(why(Node::parse("db:" + std::string(257, 'a'))), "bad_node");
  EXPECT_EQ(why(Node::of({"db", "", "x"})), "bad_node");
}

TEST_F(GraphTest, keeps_edges_with_a_leaf_each) {
  const std::int64_t before = room_.log().size().value();
  EXPECT_EQ(add(edge("kek:acme/main", "key:acme/orders")), "");
  EXPECT_EQ(add(edge("kek:acme/main", "key:acme/orders")), "edge_exists");
  EXPECT_EQ(add(edge("key:acme/orders", "app:shop", EdgeType::kVerifies)), "");
  EXPECT_EQ(room_.log().size().value(), before + 2);
  DependencyGraph other(room_.log());
  EXPECT_EQ(model()->edges().size(), 2U);
  EXPECT_EQ(remove(edge("kek:acme/main", "key:acme/orders")), "");
  EXPECT_EQ(remove(edge("kek:acme/main", "key:acme/orders")), "not_found");
  EXPECT_EQ(room_.log().size().value(), before + 3);
  EXPECT_EQ(model()->edges().size(), 1U);
}

TEST_F(GraphTest, names_the_cycle_that_it_refuses) {
  EXPECT_EQ(add(edge("key:a/x", "key:a/y")), "");
  EXPECT_EQ(add(edge("key:a/y", "key:a/z")), "");
  std::string message;
  EXPECT_EQ(room_.write([&](Change change) -> Status {
    Status added = graph_.add(change, edge("key:a/z", "key:a/x"));
    if (!added) message = added.error().message;
    return added;
  }),
            "graph_cycle");
  EXPECT_NE(message.find("key:a/z -wraps-> key:a/x -wraps-> key:a/y -wraps-> key:a/z"),
            std::string::npos)
      << message;
  Edge broken = edge("key:a/z", "key:a/x");
  broken.breaks = true;
  EXPECT_EQ(add(broken), "");
  EXPECT_EQ(add(edge("key:a/x", "key:a/x")), "bad_edge");
}

TEST_F(GraphTest, sees_a_cycle_through_a_shared_material) {
  EXPECT_EQ(add(edge("key:a/x", "key:a/y")), "");
  EXPECT_EQ(add(edge("key:a/y2", "key:a/x2")), "");
  EXPECT_EQ(add(edge("key:a/x", "key:a/x2", EdgeType::kShares)), "");
  EXPECT_EQ(add(edge("key:a/y2", "key:a/y", EdgeType::kShares)), "graph_cycle");
  EXPECT_EQ(add(edge("key:a/x2", "key:a/x")), "graph_cycle");
}

TEST_F(GraphTest, never_lets_a_credential_change_itself) {
  EXPECT_EQ(add(edge("secret:a/admin", "secret:a/admin2", EdgeType::kShares)), "");
  Edge self = edge("secret:a/admin", "secret:a/admin2", EdgeType::kAuthenticates);
  self.breaks = true;
  EXPECT_EQ(add(self), "self_authenticating");
}

TEST_F(GraphTest, asks_for_the_other_tenants_approval) {
  Edge across = edge("key:a/x", "key:b/y");
  EXPECT_EQ(add(across), "cross_domain");
  across.approval = "3f1d0c5a9b7e4f20a1b2c3d4e5f60718";
  EXPECT_EQ(add(across), "");
}

TEST_F(GraphTest, imports_all_or_nothing) {
  EXPECT_EQ(import("edges:\n"
                   "  - {from: \"kek:a/main\", to: \"key:a/x\", type: wraps}\n"
                   "  - {from: \"key:a/x\", to: \"app:shop\", type: verifies}\n"),
            "");
  EXPECT_EQ(summary_.added, 2U);
  EXPECT_EQ(import(R"({"edges":[{"from":"app:shop","to":"kek:a/main","type":"embeds"}]})"),
            "graph_cycle");
  EXPECT_EQ(model()->edges().size(), 2U);
  EXPECT_EQ(import(R"({"edges":[{"from":"app:shop","to":"kek:a/main","type":"embeds","break":true},
                                {"from":"kek:a/main","to":"key:a/x","type":"wraps"}]})",
                   ImportMode::kReplace),
            "");
  EXPECT_EQ(summary_.added, 1U);
  EXPECT_EQ(summary_.removed, 1U);
  EXPECT_EQ(summary_.kept, 1U);
  EXPECT_EQ(import(graph_text(*model(), GraphForm::kJson), ImportMode::kReplace), "");
  EXPECT_EQ(summary_.kept, 2U);
}

TEST(GraphText, refuses_what_it_does_not_know) {
  EXPECT_EQ(why(parse_edges(R"({"edges":[{"from":"a:b","to":"c:d","type":"wraps","x":1}]})")),
            "unknown_field");
  EXPECT_EQ(why(parse_edges(R"({"nodes":[]})")), "unknown_field");
  EXPECT_EQ(why(parse_edges(R"({"edges":[{"from":"a:b","to":"c:d","type":"eats"}]})")), "bad_edge");
  EXPECT_EQ(why(parse_edges(R"({"edges":[{"from":"a:b","to":"c:d","type":"shares"},
                                         {"from":"c:d","to":"a:b","type":"shares"}]})")),
            "edge_twice");
  EXPECT_EQ(why(parse_edges("")), "yaml_type");
}

TEST(GraphText, draws_tenants_and_breaks) {
  Edge broken = edge("db:orders", "key:acme/x", EdgeType::kEmbeds);
  broken.breaks = true;
  const GraphModel graph = GraphModel::of({edge("kek:acme/main", "key:acme/x"), broken});
  const std::string dot = graph_text(graph, GraphForm::kDot);
  EXPECT_NE(dot.find("label=\"acme\""), std::string::npos);
  EXPECT_NE(dot.find("\"db:orders\" [shape=box]"), std::string::npos);
  EXPECT_NE(dot.find("\"db:orders\" -> \"key:acme/x\" [label=\"embeds\", style=dashed]"),
            std::string::npos);
}

TEST(Cascade, depends_on_why_something_is_replaced) {
  const GraphModel graph = GraphModel::of({edge("kek:a/main", "key:a/x"),
                                           edge("key:a/x", "app:shop", EdgeType::kVerifies),
                                           edge("app:shop", "app:deep", EdgeType::kEmbeds)});
  const Node kek = node("kek:a/main");
  const Cascade planned = cascade(graph, {&kek, 1}, Cause::kRotation).value();
  ASSERT_EQ(planned.waves.size(), 2U);
  EXPECT_EQ(planned.waves[1][0].mode, CascadeMode::kRewrap);
  const Cascade feared = cascade(graph, {&kek, 1}, Cause::kCompromise).value();
  ASSERT_EQ(feared.waves.size(), 3U);
  EXPECT_EQ(feared.waves[1][0].mode, CascadeMode::kReissue);
  EXPECT_EQ(feared.waves[2][0].mode, CascadeMode::kNotify);
  EXPECT_EQ(texts(graph.closure(kek, Direction::kDown)),
            (Texts{"app:deep", "app:shop", "key:a/x"}));
  EXPECT_EQ(texts(graph.closure(node("app:deep"), Direction::kUp)),
            (Texts{"app:shop", "kek:a/main", "key:a/x"}));
}

TEST(Cascade, takes_the_strongest_mode_and_the_longest_way) {
  const GraphModel graph = GraphModel::of({edge("key:a/s", "key:a/m", EdgeType::kVerifies),
                                           edge("key:a/s", "key:a/n", EdgeType::kEmbeds),
                                           edge("key:a/n", "key:a/m", EdgeType::kIssues)});
  const Node start = node("key:a/s");
  const Cascade plan = cascade(graph, {&start, 1}, Cause::kRotation).value();
  ASSERT_EQ(plan.waves.size(), 3U);
  EXPECT_EQ(plan.waves[2][0].members[0].text, "key:a/m");
  EXPECT_EQ(plan.waves[2][0].mode, CascadeMode::kReissue);
}

TEST(Cascade, rotates_a_shared_material_as_one_run) {
  const GraphModel graph = GraphModel::of({edge("key:a/x", "key:a/y", EdgeType::kShares),
                                           edge("key:a/y", "key:a/z", EdgeType::kEmbeds)});
  const Node start = node("key:a/x");
  const Cascade plan = cascade(graph, {&start, 1}, Cause::kRotation).value();
  ASSERT_EQ(plan.waves.size(), 2U);
  EXPECT_EQ(texts(plan.waves[0][0].members), (Texts{"key:a/x", "key:a/y"}));
  EXPECT_TRUE(plan.waves[0][0].source);
}

TEST(Cascade, parts_a_login_from_what_it_changes_even_across_a_break) {
  Edge login = edge("secret:a/admin", "secret:a/app", EdgeType::kAuthenticates);
  login.breaks = true;
  const GraphModel graph =
      GraphModel::of({edge("key:a/s", "secret:a/admin", EdgeType::kEmbeds),
                      edge("key:a/s", "secret:a/app", EdgeType::kEmbeds), login});
  const Node start = node("key:a/s");
  const Cascade plan = cascade(graph, {&start, 1}, Cause::kCompromise).value();
  ASSERT_EQ(plan.waves.size(), 3U);
  EXPECT_EQ(plan.waves[1].size(), 1U);
  EXPECT_EQ(plan.waves[2].size(), 1U);
}

TEST(Cascade, lets_strangers_stand_alone) {
  const GraphModel graph = GraphModel::of({edge("key:a/x", "key:a/y")});
  const std::vector<Node> sources = {node("key:b/z"), node("key:a/x"), node("key:b/z")};
  const Cascade plan = cascade(graph, sources, Cause::kCompromise).value();
  ASSERT_EQ(plan.waves.size(), 2U);
  EXPECT_EQ(plan.waves[0].size(), 2U);
}

TEST(Reach, counts_by_kind_tenant_and_mode) {
  const GraphModel graph =
      GraphModel::of({edge("kek:a/main", "key:a/x"), edge("kek:a/main", "key:a/y"),
                      edge("key:a/x", "app:shop", EdgeType::kVerifies)});
  const Reach far = reach(graph, node("kek:a/main"), Cause::kCompromise).value();
  EXPECT_EQ(far.descendants, 3U);
  EXPECT_EQ(far.by_kind.at("key"), 2U);
  EXPECT_EQ(far.by_tenant.at(""), 1U);
  EXPECT_EQ(far.by_mode.at("reissue"), 2U);
  EXPECT_EQ(far.by_mode.at("notify"), 1U);
  EXPECT_EQ(far.waves, 3U);
}

TEST(Graph, a_change_that_is_undone_leaves_no_trace_in_the_cache) {
  IncidentRoom room;
  DependencyGraph graph(room.log());
  EXPECT_EQ(room.write([&](Change change) -> Status {
    KW_OK(graph.add(change, edge("key:a/x", "key:a/y")));
    KW_OK(graph.load(change.tx));
    return error(Code::kAborted, "changed_my_mind", "");
  }),
            "changed_my_mind");
  EXPECT_EQ(
      room.write([&](Change change) { return graph.add(change, edge("key:a/y", "key:a/x")); }), "");
}

}  // namespace
}  // namespace kw::rotation
