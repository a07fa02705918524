#include "rotation/blast_radius.h"

#include <gtest/gtest.h>

#include "codec/json.h"
#include "rotation/incident_world_for_test.h"

namespace kw::rotation {
namespace {

TEST(BlastRadius, tells_who_could_and_who_did) {
  IncidentRoom room;
  World world(room);
  world.add(key_subject("orders"));
  const GraphModel graph =
      GraphModel::of({{Node{"key:acme/orders"}, Node{"key:acme/mail"}, EdgeType::kWraps, false, ""},
                      {Node{"key:acme/mail"}, Node{"app:shop"}, EdgeType::kVerifies, false, ""}});
  BlastQuestion question;
  question.incident = "x";
  question.subjects = {{key_subject("orders"), true}, {key_subject("mail"), false}};
  const BlastRadius radius = measure_blast_radius(world, world, graph, question);
  const auto document = codec::JsonDocument::parse(blast_radius_json(radius));
  ASSERT_EQ(why(document), "");
  const auto subjects = document->root().member("subjects")->elements();
  ASSERT_EQ(subjects.size(), 2U);
  EXPECT_EQ(subjects[0].member("versions")->elements().size(), 2U);
  EXPECT_EQ(subjects[0].integer("descendants").value(), 2);
  EXPECT_EQ(subjects[0].integer("uses_after_revoke").value(), 3);
  EXPECT_EQ(subjects[0].member("expected_consumers")->elements()[0].text().value(), "billing");
  EXPECT_EQ(subjects[0].member("absent_consumers")->elements()[0].text().value(), "mail");
  EXPECT_EQ(subjects[0].member("unknown_consumers")->elements().size(), 1U);
  EXPECT_EQ(document->root().member("readable_by_tenant")->integer("acme").value(), 2'000);
}

TEST(BlastRadius, says_what_it_could_not_find_out) {
  IncidentRoom room;
  World world(room);
  world.history_fails = true;
  BlastQuestion question;
  question.incident = "x";
  question.subjects = {{key_subject("orders"), true}};
  question.outside = {"app:shop"};
  const BlastRadius radius = measure_blast_radius(world, world, GraphModel::of({}), question);
  ASSERT_EQ(radius.gaps.size(), 1U);
  EXPECT_EQ(radius.gaps[0], "uses of key:acme/orders: store_unavailable");
  EXPECT_NE(blast_radius_table(radius).find("NOT KNOWN: uses of key:acme/orders"),
            std::string::npos);
  world.history_fails = false;
  const std::string table =
      blast_radius_table(measure_blast_radius(world, world, GraphModel::of({}), question));
  EXPECT_NE(table.find("UNKNOWN USERS"), std::string::npos);
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  EXPECT_EQ(table.find("\xE2\x80\xAE"), std::string::npos);
}

}  // namespace
}  // namespace kw::rotation
