#include "codec/json.h"

#include <gtest/gtest.h>

namespace kw::codec {
namespace {

JsonDocument parsed(std::string_view text) {
  return JsonDocument::parse(text).value();
}

TEST(Json, reads_members_by_type) {
  const auto document =
      parsed(R"({"s":"text","i":-7,"b":true,"d":0.5,"n":null,"l":[1,2],"o":{"s":"inner"}})");
  const JsonView root = document.root();
  EXPECT_EQ(root.kind(), JsonView::Kind::kObject);
  EXPECT_EQ(root.text("s").value(), "text");
  EXPECT_EQ(root.integer("i").value(), -7);
  EXPECT_EQ(root.boolean("b").value(), true);
  EXPECT_EQ(root.member("d").value().number().value(), 0.5);
  EXPECT_EQ(root.member("i").value().number().value(), -7.0);
  EXPECT_EQ(root.member("n").value().kind(), JsonView::Kind::kNull);
  EXPECT_EQ(root.member("l").value().kind(), JsonView::Kind::kArray);
  EXPECT_EQ(root.member("o").value().text("s").value(), "inner");
  EXPECT_EQ(root.find("o")->text("s").value(), "inner");
}

TEST(Json, names_the_member_that_is_missing_or_of_the_wrong_type) {
  const auto document = parsed(R"({"s":"text","i":7})");
  const JsonView root = document.root();
  EXPECT_EQ(root.text("x").error().reason, "json_missing");
  EXPECT_EQ(root.text("x").error().message, "member \"x\" is missing");
  EXPECT_EQ(root.text("i").error().reason, "json_type");
  EXPECT_EQ(root.text("i").error().message, "member \"i\" must be a string");
  EXPECT_EQ(root.integer("s").error().message, "member \"s\" must be a whole number");
  EXPECT_EQ(root.boolean("s").error().message, "member \"s\" must be true or false");
  EXPECT_EQ(root.member("s").value().member("x").error().reason, "json_type");
  EXPECT_EQ(root.text().error().reason, "json_type");
  EXPECT_EQ(root.boolean().error().reason, "json_type");
  EXPECT_EQ(root.integer().error().reason, "json_type");
  EXPECT_EQ(root.number().error().reason, "json_type");
}

TEST(Json, has_only_members_of_its_own) {
  const auto document = parsed(R"({"a":{"deep":1},"b":[{"deeper":2}],"c":""})");
  EXPECT_TRUE(document.root().has("a"));
  EXPECT_TRUE(document.root().has("c"));
  EXPECT_FALSE(document.root().has("deep"));
  EXPECT_FALSE(document.root().has("deeper"));
  EXPECT_FALSE(document.root().has(""));
  EXPECT_FALSE(parsed("[\"a\"]").root().has("a"));
}

TEST(Json, takes_only_whole_numbers_within_64_bits_as_integers) {
  const auto kind = [](std::string_view text) { return parsed(text).root().kind(); };
  EXPECT_EQ(parsed("9223372036854775807").root().integer().value(), INT64_MAX);
  EXPECT_EQ(parsed("-9223372036854775808").root().integer().value(), INT64_MIN);
  EXPECT_EQ(parsed("-0").root().integer().value(), 0);
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "1.0", "1e3", "0.0"}) {
    EXPECT_EQ(kind(text), JsonView::Kind::kDouble) << text;
    EXPECT_EQ(parsed(text).root().integer().error().reason, "json_type") << text;
  }
  EXPECT_EQ(parsed("18446744073709551616").root().number().value(), 18446744073709551616.0);
}

TEST(Json, walks_elements_and_members_in_text_order) {
  const auto document = parsed(R"({"z":[1,[2,3],{"x":4},"5"],"a":{},"m":null})");
  const auto members = document.root().members();
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].first, "z");
  EXPECT_EQ(members[1].first, "a");
  EXPECT_EQ(members[2].first, "m");
  const auto elements = members[0].second.elements();
  ASSERT_EQ(elements.size(), 4u);
  EXPECT_EQ(elements[0].integer().value(), 1);
  EXPECT_EQ(elements[1].elements().size(), 2u);
  EXPECT_EQ(elements[2].integer("x").value(), 4);
  EXPECT_EQ(elements[3].text().value(), "5");
  EXPECT_TRUE(document.root().elements().empty());
  EXPECT_TRUE(members[0].second.members().empty());
  EXPECT_TRUE(members[1].second.members().empty());
}

TEST(Json, keeps_views_valid_when_the_document_moves) {
  auto first = parsed(R"({"a":"short"})");
  const auto text = first.root().text("a").value();
  const JsonView root = first.root();
  const JsonDocument second = std::move(first);
  EXPECT_EQ(text, "short");
  EXPECT_EQ(root.text("a").value(), "short");
}

}  // namespace
}  // namespace kw::codec
