// What only MariaDB has: two passwords and how they get lost.
#include <gtest/gtest.h>

#include "connectors/mariadb_accounts.h"

namespace kw::connectors {
namespace {

using Methods = std::vector<LoginMethod>;

TEST(MariadbMethods, of_one_password_and_of_two) {
  EXPECT_EQ(*read_methods(R"({"access":0,"plugin":"mysql_native_password",)"
                          R"("authentication_string":"*AB","password_last_changed":1})"),
            (Methods{{"mysql_native_password", "*AB"}}));
  EXPECT_EQ(*read_methods(R"({"plugin":"mysql_native_password","authentication_string":"*AB",)"
                          R"("auth_or":[{"plugin":"unix_socket"},{}]})"),
            (Methods{{"unix_socket", ""}, {"mysql_native_password", "*AB"}}));
  EXPECT_FALSE(read_methods("{"));
}

TEST(MariadbNames, are_names_whatever_is_in_them) {
  EXPECT_EQ(mariadb_account("a`b", "%"), "`a``b`@`%`");
  EXPECT_EQ(mariadb_text("a'b"), "_utf8mb4 0x612762");
  EXPECT_EQ(mariadb_text(""), "''");
}

}  // namespace
}  // namespace kw::connectors
