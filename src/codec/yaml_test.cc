#include "codec/yaml.h"

#include <gtest/gtest.h>

namespace kw::codec {
namespace {

YamlDocument parsed(std::string_view text) {
  auto document = YamlDocument::parse(text, "keywright.yaml");
  EXPECT_TRUE(document) << document.error().message;
  return std::move(document).value();
}

constexpr std::string_view kConfig = R"(# comment
listen:
  address: 127.0.0.1
  port: 8200
  tls: true
tenants: [acme, "globex"]
grace: 15m
empty:
)";

TEST(Yaml, reads_a_configuration) {
  const auto document = parsed(kConfig);
  const YamlView root = document.root();
  EXPECT_EQ(root.kind(), YamlView::Kind::kMap);
  const YamlView listen = root.member("listen").value();
  EXPECT_EQ(listen.member("address").value().text().value(), "127.0.0.1");
  EXPECT_EQ(listen.member("port").value().integer().value(), 8200);
  EXPECT_EQ(listen.member("port").value().text().value(), "8200");
  EXPECT_EQ(listen.member("tls").value().boolean().value(), true);
  const auto tenants = root.find("tenants")->elements();
  ASSERT_EQ(tenants.size(), 2u);
  EXPECT_EQ(tenants[1].text().value(), "globex");
  EXPECT_EQ(root.member("grace").value().seconds().value(), 900);
  EXPECT_EQ(root.member("empty").value().kind(), YamlView::Kind::kNull);
  EXPECT_TRUE(root.has("empty"));
  EXPECT_FALSE(root.has("port"));
}

TEST(Yaml, knows_where_everything_stands) {
  const auto document = parsed(kConfig);
  const auto members = document.root().members();
  ASSERT_EQ(members.size(), 4u);
  EXPECT_EQ(members[0].first, "listen");
  EXPECT_EQ(members[0].second.where_name(), "keywright.yaml:2:1");
  const YamlView port = members[0].second.member("port").value();
  EXPECT_EQ(port.where(), "keywright.yaml:4:9");
  EXPECT_EQ(port.where_name(), "keywright.yaml:4:3");
  EXPECT_EQ(port.line(), 4);
  EXPECT_EQ(port.column(), 9);
  EXPECT_EQ(members[1].second.elements()[1].where(), "keywright.yaml:6:17");
  EXPECT_EQ(members[1].second.elements()[1].where_name(), "keywright.yaml:6:17");
}

TEST(Yaml, points_at_what_has_the_wrong_type) {
  const auto document = parsed("a: [1]\nb: yes\nc: {d: 1}\n");
  const YamlView root = document.root();
  const auto message = [&](const auto& result) { return result.error().message; };
  EXPECT_EQ(message(root.member("a")->text()), "keywright.yaml:1:4: must be a text");
  EXPECT_EQ(message(root.member("a")->integer()), "keywright.yaml:1:4: must be a whole number");
  EXPECT_EQ(message(root.member("a")->member("x")), "keywright.yaml:1:4: must be a map");
  EXPECT_EQ(message(root.member("b")->boolean()), "keywright.yaml:2:4: must be true or false");
  EXPECT_EQ(message(root.member("c")->member("x")), "keywright.yaml:3:4: \"x\" is missing");
  EXPECT_EQ(root.member("x").error().reason, "yaml_missing");
  EXPECT_EQ(root.text().error().reason, "yaml_type");
  EXPECT_TRUE(root.elements().empty());
  EXPECT_TRUE(root.member("a")->members().empty());
  EXPECT_FALSE(root.member("a")->find("x"));
}

TEST(Yaml, takes_only_plain_decimal_integers) {
  const auto integer = [](const std::string& text) {
    return parsed("x: " + text).root().member("x")->integer();
  };
  EXPECT_EQ(integer("0").value(), 0);
  EXPECT_EQ(integer("-5").value(), -5);
  EXPECT_EQ(integer("9223372036854775807").value(), INT64_MAX);
  for (const char* text : {"9223372036854775808", "007", "-01", "+5", "0x10", "1_000", "1.0", "1e3",
                           "\"5\"", "'5'", "five", "~", "5 6", "--5", "true"})
    EXPECT_EQ(integer(text).error().reason, "yaml_type") << text;
}

TEST(Yaml, takes_only_true_and_false_as_booleans) {
  const auto boolean = [](const std::string& text) {
    return parsed("x: " + text).root().member("x")->boolean();
  };
  EXPECT_EQ(boolean("true").value(), true);
  EXPECT_EQ(boolean("false").value(), false);
  for (const char* text : {"yes", "no", "on", "off", "True", "1", "0", "\"true\"", "~"})
    EXPECT_EQ(boolean(text).error().reason, "yaml_type") << text;
}

TEST(Yaml, reads_durations) {
  const auto seconds = [](const std::string& text) {
    return parsed("x: " + text).root().member("x")->seconds();
  };
  EXPECT_EQ(seconds("90s").value(), 90);
  EXPECT_EQ(seconds("15m").value(), 900);
  EXPECT_EQ(seconds("2h").value(), 7'200);
  EXPECT_EQ(seconds("30d").value(), 2'592'000);
  EXPECT_EQ(seconds("45").value(), 45);
  EXPECT_EQ(seconds("\"15m\"").value(), 900);
  EXPECT_EQ(seconds("0").value(), 0);
  EXPECT_EQ(seconds("106751991167300d").value(), 106751991167300 * 86'400);
  for (const char* text : {"-1s", "-0", "1.5h", "1w", "1h30m", "s", "~", "", "1 h", "h1", "1H",
                           "[1]", "+1s", "106751991167301d", "9223372036854775808"}) {
    const auto result = seconds(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().reason, "yaml_duration") << text;
  }
}

TEST(Yaml, tells_null_from_the_text_null) {
  for (const char* text : {"x:", "x: ~", "x: null", "x: Null", "x: NULL"})
    EXPECT_EQ(parsed(text).root().member("x")->kind(), YamlView::Kind::kNull) << text;
  for (const char* text : {"x: \"\"", "x: ''", "x: 'null'", "x: \"~\"", "x: nil"})
    EXPECT_EQ(parsed(text).root().member("x")->kind(), YamlView::Kind::kScalar) << text;
  EXPECT_EQ(parsed("x: ~").root().member("x")->text().error().reason, "yaml_type");
}

TEST(Yaml, takes_an_empty_file_for_null) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n", "\xEF\xBB\xBF"}) {
    const auto document = parsed(text);
    EXPECT_EQ(document.root().kind(), YamlView::Kind::kNull) << text;
    EXPECT_EQ(document.root().where().rfind("keywright.yaml:", 0), 0u);
  }
}

TEST(Yaml, keeps_names_that_look_like_something_else) {
  const auto document = parsed("'null': 1\ntrue: 2\n12: 3\n<<: 4\n\"\": 5\n");
  for (const char* name : {"null", "true", "12", "<<", ""})
    EXPECT_TRUE(document.root().has(name)) << name;
}

TEST(Yaml, keeps_block_scalars_and_unicode) {
  const auto document = parsed("a: |\n  one\n  two\nb: >\n  one\n  two\nc: Schl\xC3\xBCssel\n");
  EXPECT_EQ(document.root().member("a")->text().value(), "one\ntwo\n");
  EXPECT_EQ(document.root().member("b")->text().value(), "one two\n");
  EXPECT_EQ(document.root().member("c")->text().value(), "Schl\xC3\xBCssel");
}

}  // namespace
}  // namespace kw::codec
