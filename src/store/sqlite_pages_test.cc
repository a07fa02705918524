// The size of SQLite's pages: of a new store, and of one that was made with others.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

#include "store/contract.h"

namespace kw::store {
namespace {

constexpr Migration kWithPages{"pages", 1, "CREATE TABLE item (id BIGINT PRIMARY KEY, body BYTEA)"};

class SqlitePages : public testing::Test {
 protected:
  void SetUp() override {
    std::string made = testing::TempDir() + "kwpages.XXXXXX";
    ASSERT_NE(::mkdtemp(made.data()), nullptr);
    folder_ = made;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/store.db"; }

  // Writes a row of several pages, opens the store again and reads it.
  std::int64_t page_size_of_a_store_that_works() {
    for (const bool first : {true, false}) {
      auto store = open("sqlite://" + path());
      EXPECT_EQ(reason(store), "");
      EXPECT_EQ(reason((*store)->migrate({&kWithPages, 1})), "");
      if (first) {
        EXPECT_EQ(reason(insert(**store)), "");
      }
      EXPECT_EQ(number(**store, "SELECT count(*) FROM item WHERE length(body) = 50000"), 1);
      if (!first) return number(**store, "PRAGMA page_size");
    }
    return 0;
  }

 private:
  static Status insert(Store& store) {
    return store.write([](Tx& tx) -> Status {
      KW_OK(tx.execute("INSERT INTO item (id, body) VALUES (1, $1)", {Bytes(50'000, 7)}));
      return ok();
    });
  }
  static std::int64_t number(Store& store, std::string_view sql) {
    std::int64_t answer = -1;
    EXPECT_EQ(reason(store.read([&](Reader& reader) -> Status {
                KW_TRY(const auto row, reader.query_one(sql, {}));
                answer = row->integer(0);
                return ok();
              })),
              "");
    return answer;
  }

  std::string folder_;
};

TEST_F(SqlitePages, of_a_new_store_have_8_kib) {
  EXPECT_EQ(page_size_of_a_store_that_works(), 8192);
}

TEST_F(SqlitePages, of_a_store_that_is_there_stay_as_they_are) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database,
                         "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
                         "CREATE TABLE earlier (id INTEGER PRIMARY KEY)",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_close(database), SQLITE_OK);
  EXPECT_EQ(page_size_of_a_store_that_works(), 4096);
}

}  // namespace
}  // namespace kw::store
