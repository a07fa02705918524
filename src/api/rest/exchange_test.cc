#include "api/rest/exchange.h"

#include <gtest/gtest.h>

namespace kw::api::rest {
namespace {

TEST(ParseQuery, decodes_names_and_values) {
  const auto pairs = parse_query("owner=a%20b&label=env%3Dprod&after=x+y");
  ASSERT_TRUE(pairs);
  EXPECT_EQ((*pairs)[0], (std::pair<std::string, std::string>("owner", "a b")));
  EXPECT_EQ((*pairs)[1].second, "env=prod");
  EXPECT_EQ((*pairs)[2].second, "x y");
}

TEST(ParseQuery, refuses_what_it_cannot_read_one_way_only) {
  for (const char* text : {"a", "a=%", "a=%2", "a=%zz", "a=1&a=2", "a=%ff", "a=%00", "a=1&&b=2"})
    EXPECT_FALSE(parse_query(text)) << text;
}

TEST(ParseQuery, refuses_too_many_pairs) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "n" + std::to_string(i) + "=v&";
  EXPECT_FALSE(parse_query(text));
}

TEST(OnlyMembers, names_no_content_of_the_body) {
  const auto document = codec::JsonDocument::parse(R"({"name":"a","canary-7f3a":1})");
  ASSERT_TRUE(document);
  const Status refused = only_members(document->root(), {"name"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "unknown_field");
  EXPECT_EQ(refused.error().message.find("canary"), std::string::npos);
}

TEST(OptionalMembers, fall_back_and_check_their_range) {
  const auto document = codec::JsonDocument::parse(R"({"n":5,"t":"x","b":true,"big":1000})");
  const auto root = document->root();
  EXPECT_EQ(*integer_or(root, "n", 1, 0, 10), 5);
  EXPECT_EQ(*integer_or(root, "none", 1, 0, 10), 1);
  EXPECT_EQ(integer_or(root, "big", 1, 0, 10).error().reason, "out_of_range");
  EXPECT_EQ(*text_or(root, "t", "y"), "x");
  EXPECT_EQ(*text_or(root, "none", "y"), "y");
  EXPECT_TRUE(*boolean_or(root, "b", false));
  EXPECT_FALSE(boolean_or(root, "t", false));
}

}  // namespace
}  // namespace kw::api::rest
