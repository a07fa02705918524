// What only PostgreSQL has: owners, replicas, roles that may more.
#include <gtest/gtest.h>

#include "connectors/make_connectors.h"
#include "connectors/postgres_fixture.h"
#include "connectors/postgres_session.h"

namespace kw::connectors {
namespace {

using secrets::Credential;
using secrets::Outcome;
using secrets::Probe;

class PostgresRoles : public testing::Test {
 protected:
  void SetUp() override {
    system = postgres_system();
    if (system == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
    instance = PostgresInstance::shared();
    connectors = make_connectors({});
    connector = secrets::connector_named(connectors, "postgres");
    account = system->fresh_account();
    const std::string taken[] = {account.first.principal};
    fresh = std::move(*connector->create_pending(context(), place(), {2, taken}));
    fresh.secret = random_value_for_tests();
  }
  secrets::Place place() const {
    return {"acme", "here", account.system, account.account,
            account.admin ? &*account.admin : nullptr};
  }
  static secrets::Context context() {
    return {"run-1", std::chrono::steady_clock::now() + std::chrono::seconds(30), false};
  }
  Status run_as(const Credential& one, const std::string& sql) const {
    auto session = PostgresSession::open({{"127.0.0.1", instance->port(), false, ""},
                                          "postgres",
                                          one.principal,
                                          one.secret,
                                          context().deadline});
    if (!session) return session.error();
    return (*session)->run(sql);
  }

  ForeignSystem* system = nullptr;
  PostgresInstance* instance = nullptr;
  secrets::Connectors connectors;
  secrets::Connector* connector = nullptr;
  TestAccount account;
  Credential fresh;
};

TEST_F(PostgresRoles, what_one_role_makes_the_other_may_change) {
  ASSERT_EQ(connector->install(context(), place(), fresh, &account.first).outcome, Outcome::kOk);
  const std::string table = account.account.at("probe_schema") + ".orders";
  ASSERT_TRUE(run_as(account.first, "CREATE TABLE " + table + " (id int)"));
  EXPECT_TRUE(run_as(fresh, "ALTER TABLE " + table + " ADD note text"));
  EXPECT_TRUE(run_as(fresh, "DROP TABLE " + table));
}

TEST_F(PostgresRoles, the_new_role_has_the_settings_of_the_old_one) {
  ASSERT_EQ(connector->install(context(), place(), fresh, &account.first).outcome, Outcome::kOk);
  const auto settings = [&](const std::string& role) {
    return instance->ask(
        "SELECT array_to_string(ARRAY(SELECT unnest(setconfig) ORDER BY 1), ';') "
        "FROM pg_db_role_setting WHERE setrole = '" +
        role + "'::regrole");
  };
  EXPECT_EQ(settings(fresh.principal), settings(account.first.principal));
  EXPECT_NE(settings(fresh.principal).find("search_path=\"$user\", public"), std::string::npos);
}

TEST_F(PostgresRoles, a_role_that_may_more_than_log_in_is_not_taken_over) {
  instance->ask("CREATE ROLE \"" + fresh.principal + "\" SUPERUSER");
  EXPECT_EQ(connector->install(context(), place(), fresh, &account.first).reason,
            "role_is_privileged");
  instance->ask("DROP ROLE \"" + fresh.principal + "\"");
}

TEST_F(PostgresRoles, an_owner_without_rights_is_found) {
  ASSERT_EQ(connector->install(context(), place(), fresh, &account.first).outcome, Outcome::kOk);
  EXPECT_EQ(connector->test(context(), place(), fresh, Probe::kPermission).outcome, Outcome::kOk);
  instance->ask("ALTER SCHEMA " + account.account.at("probe_schema") + " OWNER TO postgres");
  EXPECT_EQ(connector->test(context(), place(), fresh, Probe::kPermission).reason,
            "permission_missing");
}

TEST_F(PostgresRoles, the_administrator_changes_his_own_password) {
  const Credential old = instance->administrator();
  const Credential next{2, old.principal, random_value_for_tests()};
  account.account = {{"name", old.principal}, {"strategy", "swap"}};
  account.admin.reset();
  ASSERT_TRUE(connector->check(place()));
  for (int life = 0; life < 2; ++life)
    ASSERT_EQ(connector->install(context(), place(), next, &old).outcome, Outcome::kOk);
  EXPECT_EQ(connector->test(context(), place(), old, Probe::kPositive).outcome,
            Outcome::kDefiniteFail);
  EXPECT_EQ(connector->test(context(), place(), next, Probe::kPositive).outcome, Outcome::kOk);
  for (int life = 0; life < 2; ++life)
    ASSERT_EQ(connector->remove_pending(context(), place(), next, &old).outcome, Outcome::kOk);
  EXPECT_EQ(connector->test(context(), place(), old, Probe::kPositive).outcome, Outcome::kOk);
}

TEST_F(PostgresRoles, a_replica_that_is_behind_is_found) {
  const std::uint16_t port = instance->start_standby();
  ASSERT_NE(port, 0);
  account.system["replicas"] = "127.0.0.1:" + std::to_string(port);
  instance->ask_standby("SELECT pg_wal_replay_pause()");
  ASSERT_TRUE(comes_true(
      [&] { return instance->ask_standby("SELECT pg_get_wal_replay_pause_state()") == "paused"; }));
  ASSERT_EQ(connector->install(context(), place(), fresh, &account.first).outcome, Outcome::kOk);
  EXPECT_EQ(connector->test(context(), place(), fresh, Probe::kPositive).reason,
            "credential_refused");
  instance->ask_standby("SELECT pg_wal_replay_resume()");
  EXPECT_TRUE(comes_true([&] {
    return connector->test(context(), place(), fresh, Probe::kPositive).outcome == Outcome::kOk;
  }));
}

}  // namespace
}  // namespace kw::connectors
