// What only PostgreSQL can do to a store: other nodes, lost connections, commits in doubt.
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <atomic>
#include <set>
#include <thread>

#include "store/contract.h"
#include "store/postgres_fixture.h"

namespace kw::store {
namespace {

constexpr Migration kSchema{"pg", 1, "CREATE TABLE item (id BIGINT PRIMARY KEY, count BIGINT)"};

class Postgres : public testing::Test {
 protected:
  // Its own server: these tests kill it.
  static void SetUpTestSuite() {
    auto started = PostgresServer::start();
    if (started) server_ = std::move(*started);
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (server_ == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
    url_ = server_->fresh_database();
    store_ = another();
    ASSERT_EQ(reason(store_->migrate({&kSchema, 1})), "");
    ASSERT_EQ(insert(0), "");
  }
  std::unique_ptr<Store> another() const {
    auto opened = open(url_);
    EXPECT_EQ(reason(opened), "");
    return opened ? std::move(*opened) : nullptr;
  }
  std::string insert(int id) const {
    return reason(store_->write([&](Tx& tx) -> Status {
      KW_OK(tx.execute("INSERT INTO item (id, count) VALUES ($1, $2)", {id, 0}));
      return ok();
    }));
  }
  static Status increment(Tx& tx) {
    KW_TRY(auto row, tx.query_one("SELECT count FROM item WHERE id = $1", {0}));
    KW_OK(tx.execute("UPDATE item SET count = $1 WHERE id = $2", {row->integer(0) + 1, 0}));
    return ok();
  }
  Result<std::int64_t> number(std::string_view sql) const {
    std::int64_t answer = -1;
    KW_OK(store_->read([&](Reader& reader) -> Status {
      KW_TRY(auto row, reader.query_one(sql, {}));
      answer = row->integer(0);
      return ok();
    }));
    return answer;
  }
  // As an administrator, outside the store.
  void admin(const std::string& sql) const {
    PGconn* connection = PQconnectdb(url_.c_str());
    PGresult* result = PQexec(connection, sql.c_str());
    EXPECT_TRUE(PQresultStatus(result) == PGRES_COMMAND_OK ||
                PQresultStatus(result) == PGRES_TUPLES_OK)
        << PQerrorMessage(connection);
    PQclear(result);
    PQfinish(connection);
  }
  void end_connections() const {
    admin(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()");
  }

  static std::unique_ptr<PostgresServer> server_;
  std::string url_;
  std::unique_ptr<Store> store_;
};
std::unique_ptr<PostgresServer> Postgres::server_;

TEST_F(Postgres, connections_that_died_in_their_sleep_are_replaced) {
  ASSERT_EQ(number("SELECT count(*) FROM item").value(), 1);
  for (int round = 1; round <= 3; ++round) {
    end_connections();
    EXPECT_EQ(insert(round), "");
    EXPECT_EQ(reason(number("SELECT count(*) FROM item")), "");
  }
  // A write of nothing but posted statements is not mistaken for a commit in doubt.
  end_connections();
  EXPECT_EQ(reason(store_->write(
                [](Tx& tx) { return tx.post("INSERT INTO item (id) VALUES ($1)", {100}); })),
            "");
  EXPECT_EQ(number("SELECT count(*) FROM item").value(), 5);
}

TEST_F(Postgres, works_run_again_when_the_connection_breaks_before_the_commit) {
  std::atomic<int> runs = 0;
  const Status written = store_->write([&](Tx& tx) -> Status {
    KW_OK(tx.execute("INSERT INTO item (id, count) VALUES ($1, $2)", {7, 0}));
    if (++runs == 1) end_connections();
    KW_OK(tx.execute("UPDATE item SET count = 1 WHERE id = $1", {7}));
    return ok();
  });
  EXPECT_EQ(reason(written), "");
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(number("SELECT count FROM item WHERE id = 7").value(), 1);
}

TEST_F(Postgres, commits_in_doubt_are_never_guessed) {
  admin(
      "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
      " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';"
      "CREATE CONSTRAINT TRIGGER doubt AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED"
      " FOR EACH ROW WHEN (NEW.id = 13) EXECUTE FUNCTION die()");
  std::atomic<int> runs = 0;
  const Status doubtful = store_->write([&](Tx& tx) -> Status {
    ++runs;
    KW_OK(tx.execute("INSERT INTO item (id) VALUES ($1)", {13}));
    return ok();
  });
  EXPECT_EQ(reason(doubtful), "store_outcome_unknown");
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(insert(14), "");
}

TEST_F(Postgres, nodes_that_change_the_same_row_lose_no_update) {
  const auto other = another();
  std::atomic<int> acknowledged = 0;
  const auto hundred = [&acknowledged](Store& store) {
    for (int i = 0; i < 100; ++i) {
      const Status added = store.write(increment);
      if (added) ++acknowledged;
      EXPECT_TRUE(added || added.error().reason == "store_unavailable") << reason(added);
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] { hundred(i % 2 == 0 ? *store_ : *other); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(number("SELECT count FROM item WHERE id = 0").value(), acknowledged);
  EXPECT_GT(acknowledged, 200);
}

TEST_F(Postgres, nodes_may_bring_the_schema_up_together) {
  constexpr Migration kSteps[] = {{"race", 1, "CREATE TABLE r1 (id BIGINT PRIMARY KEY)"},
                                  {"race", 2, "CREATE TABLE r2 (id BIGINT PRIMARY KEY)"},
                                  {"race", 3, "INSERT INTO r1 (id) VALUES (1)"}};
  url_ = server_->fresh_database();
  std::vector<std::unique_ptr<Store>> nodes;
  nodes.reserve(4);
  for (int i = 0; i < 4; ++i) nodes.push_back(another());
  std::vector<std::thread> threads;
  threads.reserve(nodes.size());
  for (const auto& node : nodes)
    threads.emplace_back([&] { EXPECT_EQ(reason(node->migrate(kSteps)), ""); });
  for (std::thread& thread : threads) thread.join();
  store_ = another();
  EXPECT_EQ(number("SELECT count(*) FROM r1").value(), 1);
}

TEST_F(Postgres, cell_tables_leave_room_for_updates_in_place) {
  constexpr Migration kCells{
      "cells", 1, "CREATE TABLE cells (id BIGINT PRIMARY KEY, cell BYTEA NOT NULL)/*cells*/"};
  ASSERT_EQ(reason(store_->migrate({&kCells, 1})), "");
  EXPECT_EQ(number("SELECT count(*) FROM pg_class WHERE relname = 'cells'"
                   " AND 'fillfactor=50' = ANY (reloptions)")
                .value(),
            1);
}

TEST_F(Postgres, a_crash_of_the_server_loses_nothing_and_the_store_comes_back) {
  std::atomic<int> next = 1;
  std::vector<int> acknowledged;
  std::atomic<bool> given_up = false;
  std::thread writing([&] {
    // Until writes succeed again after they had failed.
    for (bool failed = false, again = false; !again && !given_up;) {
      const int id = next++;
      const bool good = insert(id).empty();
      if (good) acknowledged.push_back(id);
      if (!good) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the server restarts
      again = failed && good;
      failed = failed || !good;
    }
  });
  while (next < 100) std::this_thread::yield();
  const Status back = server_->crash_and_restart();
  given_up = !back;
  writing.join();
  ASSERT_EQ(reason(back), "");
  std::set<std::int64_t> stored;
  const Status read = store_->read([&](Reader& reader) -> Status {
    KW_TRY(auto rows, reader.query("SELECT id FROM item", {}));
    for (const Row& row : rows) stored.insert(row.integer(0));
    return ok();
  });
  ASSERT_EQ(reason(read), "");
  EXPECT_GE(acknowledged.size(), 50U);
  for (const int id : acknowledged) EXPECT_TRUE(stored.contains(id)) << id;
}

}  // namespace
}  // namespace kw::store
