#include "cli/session.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace kw::cli {
namespace {

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    setenv("KEYWRIGHT_CONFIG_DIR", "/nonexistent", 1);  // NOLINT(concurrency-mt-unsafe): one thread
    unsetenv("KEYWRIGHT_TENANT");                       // NOLINT(concurrency-mt-unsafe)
  }
};

TEST_F(SessionTest, reads_references_as_it_prints_them) {
  Session session{GlobalOptions{}};
  const auto at = session.reference("acme:orders@3");
  ASSERT_TRUE(at);
  EXPECT_EQ(at->tenant, "acme");
  EXPECT_EQ(at->name, "orders");
  EXPECT_EQ(at->version, 3u);
  EXPECT_EQ(at->text(), "acme:orders@3");
}

TEST_F(SessionTest, takes_the_tenant_from_the_flag) {
  GlobalOptions options;
  options.tenant = "acme";
  Session session(options);
  EXPECT_EQ(session.reference("orders")->text(), "acme:orders");
}

TEST_F(SessionTest, refuses_what_is_not_a_reference) {
  Session session{GlobalOptions{}};
  EXPECT_EQ(session.reference("orders").error().reason, "no_tenant");
  for (const char* text : {"acme:", ":orders", "acme:orders@", "acme:orders@0", "acme:orders@x",
                           "acme:or/ders", "ACME:orders"})
    EXPECT_EQ(session.reference(text).error().reason, "usage") << text;
}

TEST(Words, are_written_for_people) {
  EXPECT_EQ(moment("2026-11-20T13:00:00Z"), "2026-11-20 13:00Z");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(12), "12");
  EXPECT_EQ(grouped(-1234), "-1,234");
}

TEST(Yaml, is_written_from_json) {
  const auto document =
      codec::JsonDocument::parse(R"({"a":1,"b":[{"c":"x","d":true},2],"e":{},"f":null})");
  EXPECT_EQ(yaml_of(document->root()),
            "a: 1\nb:\n  - c: \"x\"\n    d: true\n  - 2\ne: {}\nf: null\n");
}

TEST(Json, is_written_back_as_it_was_read) {
  for (const char* text :
       {R"({"a":1,"b":[{"c":"x\"","d":true},2,null],"e":{},"f":[]})", "\"x\"", "[]"})
    EXPECT_EQ(json_of(codec::JsonDocument::parse(text)->root()), text);
}

}  // namespace
}  // namespace kw::cli
