#include "base/name.h"

#include <gtest/gtest.h>

namespace kw {
namespace {

TEST(Name, accepts_the_grammar) {
  for (const char* text : {"a", "0", "acme", "acme-eu-1", "a--"})
    EXPECT_TRUE(TenantName::parse(text)) << text;
  for (const char* text : {"orders", "Orders.v2", "a_b-c.d", "9"})
    EXPECT_TRUE(ObjectName::parse(text)) << text;
  EXPECT_TRUE(TenantName::parse(std::string(63, 'a')));
  EXPECT_TRUE(ObjectName::parse(std::string(128, 'a')));
}

TEST(Name, refuses_everything_else_and_cleans_nothing) {
  for (const char* text : {"", "-a", "Acme", "a b", "a/b", "a.", "..", "a\n", "\xc3\xa4"})
    EXPECT_FALSE(TenantName::parse(text)) << text;
  for (const char* text : {"", ".", "..", "_a", "-a", "a/b", "a b", "a%2f", "a\n"})
    EXPECT_FALSE(ObjectName::parse(text)) << text;
  EXPECT_FALSE(TenantName::parse(std::string(64, 'a')));
  EXPECT_FALSE(ObjectName::parse(std::string(129, 'a')));
  EXPECT_FALSE(ObjectName::parse(std::string_view("a\0b", 3)));
}

TEST(Name, a_path_is_names_with_slashes_between) {
  for (const char* text : {"db", "app/db", "Team-1/app.x/db_pass", "a/b/c/d"})
    EXPECT_TRUE(SecretPath::parse(text)) << text;
  for (const char* text : {"", "/", "/a", "a/", "a//b", "a/../b", "a/.b", "a/b:c", "a%2Fb", "a b"})
    EXPECT_FALSE(SecretPath::parse(text)) << text;
  EXPECT_TRUE(SecretPath::parse(std::string(255, 'a')));
  EXPECT_FALSE(SecretPath::parse(std::string(256, 'a')));
  EXPECT_FALSE(SecretPath::parse(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace kw
