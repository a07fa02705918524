// What only MariaDB has: two passwords, other ways to log in, and rules that take no hashes.
#include <gtest/gtest.h>

#include "connectors/foreign_system_for_tests.h"
#include "connectors/make_connectors.h"
#include "connectors/mariadb_accounts.h"
#include "connectors/mariadb_certificate.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {
namespace {

using Methods = std::vector<LoginMethod>;
using secrets::Credential;
using secrets::Outcome;

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

TEST(MariadbCertificate, is_asked_for_by_a_name_that_the_library_compares) {
  EXPECT_EQ(host_to_verify("db.internal"), "db.internal");
  for (const char* loopback : {"127.0.0.1", "::1"}) EXPECT_NE(host_to_verify(loopback), loopback);
}

TEST(MariadbCertificate, is_not_left_unchecked_because_the_environment_says_so) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  ASSERT_EQ(setenv("MARIADB_TLS_DISABLE_PEER_VERIFICATION", "1", 1), 0);
  const auto session =
      MariadbSession::open({"localhost", 1, true, ""}, "", {1, "app", value_for_tests("x")},
                           std::chrono::steady_clock::now() + std::chrono::seconds(10));
  unsetenv("MARIADB_TLS_DISABLE_PEER_VERIFICATION");  // NOLINT(concurrency-mt-unsafe)
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().reason, "environment");
}

class MariadbPasswords : public testing::Test {
 protected:
  void SetUp() override {
    ForeignSystem* const system = mariadb_system();
    if (system == nullptr) GTEST_SKIP() << "MariaDB is not installed";
    connectors = make_connectors({});
    connector = secrets::connector_named(connectors, "mariadb");
    account = system->fresh_account();
    port = system->ports(account).at(0);
    fresh = {2, account.first.principal, random_value_for_tests()};
  }
  secrets::Place place() const {
    return {"acme", "here", account.system, account.account, &*account.admin};
  }
  static secrets::Context context() {
    return {"run-1", std::chrono::steady_clock::now() + std::chrono::seconds(10), false};
  }
  std::unique_ptr<MariadbSession> as(std::string_view user, std::string_view password) const {
    auto session =
        MariadbSession::open({"127.0.0.1", port, false, ""}, "",
                             {1, std::string(user), value_for_tests(password)}, context().deadline);
    EXPECT_TRUE(session);
    return session ? std::move(*session) : nullptr;
  }
  Methods methods() const {
    auto admin = MariadbSession::open({"127.0.0.1", port, false, ""}, "", *account.admin,
                                      context().deadline);
    return **login_methods(**admin, {account.first.principal, "%"});
  }

  secrets::Connectors connectors;
  secrets::Connector* connector = nullptr;
  TestAccount account;
  std::uint16_t port = 0;
  Credential fresh;
};

TEST_F(MariadbPasswords, stand_side_by_side_and_a_third_one_is_refused) {
  ASSERT_EQ(connector->install(context(), place(), fresh, &account.first).outcome, Outcome::kOk);
  EXPECT_EQ(methods(), (Methods{native_method(fresh), native_method(account.first)}));
  const Credential third{3, account.first.principal, random_value_for_tests()};
  EXPECT_EQ(connector->install(context(), place(), third, &fresh).reason, "no_free_slot");
  EXPECT_EQ(methods(), (Methods{native_method(fresh), native_method(account.first)}));
}

// The trap that keeps SET PASSWORD out of the connector.
TEST_F(MariadbPasswords, set_password_leaves_the_second_one) {
  ASSERT_EQ(connector->install(context(), place(), fresh, &account.first).outcome, Outcome::kOk);
  ASSERT_TRUE(as("boss", "boss")
                  ->run("SET PASSWORD FOR " + mariadb_account(account.first.principal, "%") +
                        " = PASSWORD('another one')"));
  EXPECT_EQ(connector->test(context(), place(), account.first, secrets::Probe::kPositive).outcome,
            Outcome::kOk);
}

TEST_F(MariadbPasswords, another_way_to_log_in_is_refused_before_anything_changes) {
  ASSERT_TRUE(as("boss", "boss")
                  ->run("ALTER USER " + mariadb_account(account.first.principal, "%") +
                        " IDENTIFIED VIA unix_socket"));
  EXPECT_EQ(connector->install(context(), place(), fresh, &account.first).reason,
            "foreign_login_method");
  EXPECT_EQ(methods(), (Methods{{"unix_socket", ""}}));
}

TEST_F(MariadbPasswords, a_server_that_judges_passwords_takes_no_hashes) {
  ASSERT_TRUE(as("boss", "boss")->run("INSTALL SONAME 'simple_password_check'"));
  const secrets::Answer answer = connector->install(context(), place(), fresh, &account.first);
  ASSERT_TRUE(as("boss", "boss")->run("UNINSTALL SONAME 'simple_password_check'"));
  EXPECT_EQ(answer.outcome, Outcome::kDefiniteFail);
  EXPECT_EQ(answer.reason, "rejected_by_policy") << answer.detail;
  EXPECT_EQ(connector->test(context(), place(), account.first, secrets::Probe::kPositive).outcome,
            Outcome::kOk);
}

}  // namespace
}  // namespace kw::connectors
