#include "store/schema_text.h"

#include <gtest/gtest.h>

#include "store/contract.h"

namespace kw::store {
namespace {

constexpr Dialect kDialect{"NUMBER", "BLOB", " MARK", " END", false};

std::vector<std::string> statements(std::string_view sql) {
  auto translated = portable_statements(sql, kDialect);
  EXPECT_EQ(reason(translated), "");
  return translated ? *translated : std::vector<std::string>();
}

TEST(SchemaText, spells_types_as_the_dialect) {
  EXPECT_EQ(statements("create table t (a BIGINT, b bytea, bigints TEXT)").at(0),
            "create table t (a NUMBER, b BLOB, bigints TEXT) END");
}

TEST(SchemaText, splits_statements_and_drops_comments) {
  const auto all = statements("SELECT 1; -- no; really\n/* ; */ SELECT 'a;''b', \"c;BIGINT\" ;;\n");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], "SELECT 1");
  EXPECT_EQ(all[1], "SELECT 'a;''b', \"c;BIGINT\" ");
}

TEST(SchemaText, puts_the_cell_marker_where_it_stands) {
  EXPECT_EQ(statements("CREATE TABLE t (a BIGINT)/*cells*/;").at(0),
            "CREATE TABLE t (a NUMBER) MARK END");
}

TEST(SchemaText, keeps_what_is_for_one_engine_from_the_others) {
  constexpr std::string_view kSql = "SELECT 1; /*postgres*/ SELECT 2; SELECT 3";
  EXPECT_EQ(statements(kSql), (std::vector<std::string>{"SELECT 1", "SELECT 3"}));
  Dialect postgres = kDialect;
  postgres.postgres = true;
  EXPECT_EQ(portable_statements(kSql, postgres)->size(), 3U);
}

TEST(SchemaText, refuses_what_is_not_portable_or_does_not_end) {
  for (const char* sql : {"a INTEGER", "a int", "'open", "\"open", "/* open", "/*/"})
    EXPECT_EQ(reason(portable_statements(sql, kDialect)), "bad_migration") << sql;
}

TEST(SchemaText, of_nothing_is_nothing) {
  EXPECT_TRUE(statements("").empty());
  EXPECT_TRUE(statements(" ; \n -- only words").empty());
}

}  // namespace
}  // namespace kw::store
