#include "connectors/nats_users.h"

#include <gtest/gtest.h>

namespace kw::connectors {
namespace {

constexpr std::string_view kFile =
    "# ours\n  users = [\n{user: relaxed, password: \"x\"}\n"
    "{\"user\":\"a\",\"password\":\"$2b$1\",\"permissions\":{\"publish\":[\"x.>\"]}},\n]\nrest: "
    "1\n";

TEST(NatsUsers, leaves_what_others_wrote) {
  NatsUsers users = *NatsUsers::parse(kFile);
  EXPECT_EQ(users.text(), kFile);
  users.put({"b", "$2b$2", "{\"subscribe\":[\"y\"]}"});
  EXPECT_TRUE(users.remove("b"));
  EXPECT_FALSE(users.remove("b"));
  EXPECT_FALSE(users.remove("relaxed"));
  EXPECT_EQ(users.text(), kFile);
}

TEST(NatsUsers, finds_what_it_put) {
  NatsUsers users = *NatsUsers::parse(kFile);
  EXPECT_EQ(users.find("a")->permissions, "{\"publish\":[\"x.>\"]}");
  users.put({"say \"hi\" \\", "$2b$3", "{\"subscribe\":[\"y\"]}"});
  const NatsUsers again = *NatsUsers::parse(users.text());
  ASSERT_NE(again.find("say \"hi\" \\"), nullptr);
  EXPECT_EQ(again.find("say \"hi\" \\")->hash, "$2b$3");
  EXPECT_EQ(again.find("a")->hash, "$2b$1");
}

TEST(NatsUsers, leaves_lists_of_others_alone) {
  NatsUsers users = *NatsUsers::parse("ports = [\n]\nusers = [\n]\nrest = [\n]\n");
  users.put({"a", "$2b$1", "{}"});
  EXPECT_EQ(users.text(),
            "ports = [\n]\nusers = [\n{\"user\":\"a\",\"password\":\"$2b$1\",\"permissions\":{}}\n]"
            "\nrest = [\n]\n");
  EXPECT_NE(NatsUsers::parse(users.text())->find("a"), nullptr);
}

TEST(NatsUsers, begins_a_file_that_is_not_there_and_refuses_a_foreign_one) {
  NatsUsers users = *NatsUsers::parse("");
  users.put({"a", "$2b$1", ""});
  EXPECT_EQ(users.text(), "users = [\n{\"user\":\"a\",\"password\":\"$2b$1\"}\n]\n");
  for (const char* foreign : {"port: 4222\n", "users = [", "]\nusers = [\n"})
    EXPECT_EQ(NatsUsers::parse(foreign).error().reason, "foreign_file") << foreign;
}

TEST(NatsPermissions, are_an_object_and_nothing_behind_it) {
  EXPECT_EQ(*read_permissions(" { \"publish\" : [ \"a\" ] } "), "{\"publish\":[\"a\"]}");
  for (const char* bad : {"[]", "{}}", "{\"a\":1}, {\"user\":\"root\"}", "\"x\"", "{"})
    EXPECT_FALSE(read_permissions(bad)) << bad;
}

}  // namespace
}  // namespace kw::connectors
