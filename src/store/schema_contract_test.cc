#include <thread>

#include "base/failpoint.h"
#include "store/contract.h"

namespace kw::store {
namespace {

class Schema : public StoreContract {};

constexpr Migration kSteps[] = {
    {"keys", 1, "CREATE TABLE a (id BIGINT PRIMARY KEY, body BYTEA); CREATE INDEX ai ON a (body)"},
    {"keys", 2, "ALTER TABLE a ADD COLUMN note TEXT; INSERT INTO a (id, note) VALUES (1, 'x;y')"},
    {"audit", 1, "CREATE TABLE b (id BIGINT PRIMARY KEY, cell BYTEA NOT NULL)/*cells*/; -- end"},
};

TEST_P(Schema, comes_up_once) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(reason(store().migrate(kSteps)), "");
    EXPECT_EQ(number("SELECT count(*) FROM a"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM schema_version WHERE applied_at > 1700000000000000"), 3);
    open_again();
  }
}

TEST_P(Schema, goes_on_where_an_older_program_stopped) {
  ASSERT_EQ(reason(store().migrate({kSteps, 1})), "");
  ASSERT_EQ(reason(store().migrate(kSteps)), "");
  EXPECT_EQ(number("SELECT max(number) FROM schema_version"), 2);
}

TEST_P(Schema, refuses_a_database_of_a_newer_program) {
  ASSERT_EQ(reason(store().migrate(kSteps)), "");
  const Status refused = store().migrate({kSteps, 1});
  ASSERT_EQ(reason(refused), "schema_too_new");
  EXPECT_EQ(refused.error().code, Code::kFailedPrecondition);
}

TEST_P(Schema, refuses_gaps_in_the_numbers) {
  const Migration gap[] = {kSteps[0], {"keys", 3, "SELECT 1"}};
  const Migration late[] = {{"keys", 2, "SELECT 1"}};
  EXPECT_EQ(reason(store().migrate(gap)), "bad_migration");
  EXPECT_EQ(reason(store().migrate(late)), "bad_migration");
}

TEST_P(Schema, keeps_nothing_of_a_step_that_fails) {
  const Migration steps[] = {
      kSteps[0],
      {"keys", 2, "CREATE TABLE half (id BIGINT PRIMARY KEY); CREATE TABLE a (id BIGINT)"}};
  EXPECT_EQ(reason(store().migrate(steps)), "store_error");
  EXPECT_EQ(number("SELECT max(number) FROM schema_version"), 1);
  ASSERT_EQ(reason(store().migrate(kSteps)), "");
}

TEST_P(Schema, refuses_types_that_are_not_portable) {
  for (const char* sql : {"CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id int)",
                          "SELECT 'open", "SELECT 1 /* open"}) {
    const Migration step{"keys", 1, sql};
    EXPECT_EQ(reason(store().migrate({&step, 1})), "bad_migration") << sql;
  }
}

#ifdef KW_FAILPOINTS
TEST_P(Schema, resumes_after_a_failed_start) {
  ASSERT_EQ(reason(failpoint::arm("store.migrate=error@2")), "");
  EXPECT_EQ(reason(store().migrate(kSteps)), "failpoint");
  failpoint::disarm_all();
  ASSERT_EQ(reason(store().migrate(kSteps)), "");
  EXPECT_EQ(number("SELECT count(*) FROM schema_version"), 3);
}
#endif

INSTANTIATE_TEST_SUITE_P(Engines, Schema, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::store
