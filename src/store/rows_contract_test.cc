#include <string>

#include "store/contract.h"
#include "store/row_set.h"

namespace kw::store {
namespace {

constexpr std::string_view kInsert =
    "WITH r (id, name, body, count) AS (/*rows*/)"
    " INSERT INTO item (id, name, body, count) SELECT r.* FROM r";

class RowSets : public StoreContract {
 protected:
  void SetUp() override {
    StoreContract::SetUp();
    if (!IsSkipped())
      create("CREATE TABLE item (id BIGINT PRIMARY KEY, name TEXT, body BYTEA, count BIGINT)");
  }
  std::string insert(const RowSet& rows, std::int64_t* changed = nullptr) {
    return reason(store().write([&](Tx& tx) -> Status {
      KW_TRY(const std::int64_t count, tx.execute_rows(kInsert, rows));
      if (changed != nullptr) *changed = count;
      return ok();
    }));
  }
};

TEST_P(RowSets, insert_many_rows_with_nulls_and_empty_values) {
  RowSet rows(4);
  rows.add({1, nullptr, nullptr, nullptr});
  rows.add({2, "", ByteView(), 0});
  rows.add({INT64_MAX, "caf\xC3\xA9 {\"a,b\\\"}", rows.keep(Bytes{0, 1, 255}), INT64_MIN});
  std::int64_t changed = 0;
  ASSERT_EQ(insert(rows, &changed), "");
  EXPECT_EQ(changed, 3);
  Rows found;
  ASSERT_TRUE(store().read([&](Reader& reader) -> Status {
    KW_TRY(found, reader.query("SELECT id, name, body, count FROM item ORDER BY id", {}));
    return ok();
  }));
  ASSERT_EQ(found.size(), 3U);
  for (std::size_t column = 1; column < 4; ++column) EXPECT_TRUE(found[0].is_null(column));
  EXPECT_EQ(found[1].text(1), "");
  EXPECT_TRUE(found[1].bytes(2).empty());
  EXPECT_EQ(found[2].integer(0), INT64_MAX);
  EXPECT_EQ(found[2].text(1), "caf\xC3\xA9 {\"a,b\\\"}");
  EXPECT_EQ(found[2].bytes(2), (Bytes{0, 1, 255}));
  EXPECT_EQ(found[2].integer(3), INT64_MIN);
}

TEST_P(RowSets, update_and_find_by_rows) {
  RowSet rows(4);
  for (int i = 0; i < 1000; ++i) rows.add({i, rows.keep("n" + std::to_string(i)), ByteView(), 1});
  ASSERT_EQ(insert(rows), "");
  RowSet changes(3), wanted(1);
  for (int i = 0; i < 1000; i += 2) changes.add({i, i % 4 == 0 ? 1 : 7, i});
  for (int i = 990; i < 1010; ++i) wanted.add({i});
  std::int64_t changed = 0;
  Rows found;
  ASSERT_EQ(reason(store().write([&](Tx& tx) -> Status {
              KW_TRY(changed, tx.execute_rows("WITH r (id, was, count) AS (/*rows*/)"
                                              " UPDATE item SET count = r.count FROM r"
                                              " WHERE item.id = r.id AND item.count = r.was",
                                              changes));
              KW_TRY(found, tx.query_rows("WITH r (id) AS (/*rows*/) SELECT item.name, item.count"
                                          " FROM r JOIN item ON item.id = r.id",
                                          wanted));
              return ok();
            })),
            "");
  EXPECT_EQ(changed, 250);  // only those whose count was as expected
  ASSERT_EQ(found.size(), 10U);
  for (const Row& row : found)
    EXPECT_EQ(row.integer(1), row.text(0) == "n992" ? 992 : row.text(0) == "n996" ? 996 : 1);
}

TEST_P(RowSets, do_all_or_nothing) {
  RowSet rows(4);
  rows.add({1, "a", ByteView(), 1});
  rows.add({1, "b", ByteView(), 1});
  EXPECT_EQ(insert(rows), "unique_violation");
  EXPECT_EQ(number("SELECT COUNT(*) FROM item"), 0);
  RowSet mixed(4);
  mixed.add({1, "a", ByteView(), 1});
  mixed.add({3, std::string_view("b\0c", 3), ByteView(), 1});
  EXPECT_EQ(insert(mixed), "bad_text");
}

TEST_P(RowSets, do_nothing_without_rows_or_without_their_place) {
  EXPECT_EQ(insert(RowSet(4)), "");
  EXPECT_EQ(reason(store().write([&](Tx& tx) -> Status {
              RowSet rows(1);
              rows.add({1});
              KW_OK(tx.execute_rows("INSERT INTO item (id) SELECT 1", rows));
              return ok();
            })),
            "store_error");
}

TEST_P(RowSets, have_one_type_in_a_column) {
  RowSet mixed(4);
  mixed.add({1, "a", ByteView(), nullptr});
  mixed.add({2, ByteView(), ByteView(), nullptr});  // a blob where a text belongs
  EXPECT_EQ(insert(mixed), "store_error");
  EXPECT_EQ(number("SELECT COUNT(*) FROM item"), 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, RowSets, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::store
