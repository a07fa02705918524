#include "connectors/postgres_column.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "connectors/envelope_for_tests.h"
#include "connectors/postgres_link.h"
#include "connectors/server_process_for_tests.h"
#include "store/postgres_fixture.h"

namespace kw::connectors {
namespace {

using rotation::Checkpoint;
using rotation::DataStore;
using rotation::Page;
using rotation::PageRequest;
using rotation::Rewrite;

template <typename T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().reason << ": " << result.error().message;
  return *std::move(result);
}
inline void must(const Status& status) {
  if (!status) ADD_FAILURE() << status.error().reason << ": " << status.error().message;
}
template <typename T>
std::string reason(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

// An application's own connection.
class Application {
 public:
  explicit Application(const std::string& url) : connection_(PQconnectdb(url.c_str())) {}
  ~Application() { PQfinish(connection_); }
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  std::string ask(const std::string& sql) const {
    PGresult* result = PQexec(connection_, sql.c_str());
    const bool rows = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
    if (!rows && PQresultStatus(result) != PGRES_COMMAND_OK)
      ADD_FAILURE() << sql << ": " << PQerrorMessage(connection_);
    std::string value = rows ? PQgetvalue(result, 0, 0) : "";
    PQclear(result);
    return value;
  }

 private:
  PGconn* connection_;
};

std::string literal(const Bytes& bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "'\\x";
  for (const std::uint8_t byte : bytes) text += {kDigits[byte >> 4], kDigits[byte & 15]};
  return text + "'";
}

class PostgresColumnTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = store::PostgresServer::start();
    if (started) server_ = std::move(*started);
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (server_ == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
    url = server_->fresh_database();
    application = std::make_unique<Application>(url);
    column.terms.url = url;
    column.table = "orders";
    column.column = "card";
  }
  void make_orders(int count) const {
    application->ask("CREATE TABLE orders (id bigint PRIMARY KEY, card bytea, note text)");
    for (int i = 1; i <= count; ++i) put(i, envelope_for_tests(1, "row" + std::to_string(i)));
  }
  void put(int id, const Bytes& value) const {
    application->ask("INSERT INTO orders (id, card) VALUES (" + std::to_string(id) + ", " +
                     literal(value) + ") ON CONFLICT (id) DO UPDATE SET card = excluded.card");
  }
  std::unique_ptr<DataStore> opened() const {
    auto store = must(open_postgres_column(column, {"acme", "shop", key_for_tests()}));
    must(store->resume(kJob));
    return store;
  }
  static PageRequest after(const std::string& cursor, std::size_t limit = 3) {
    PageRequest request;
    request.after = cursor;
    request.limit = limit;
    request.target = 2;
    return request;
  }
  static std::vector<Rewrite> moved(const Page& page) {
    std::vector<Rewrite> rewrites;
    for (std::size_t i = 0; i < page.items.size(); ++i)
      rewrites.push_back({i, moved_for_tests(page.items[i].ciphertext, 2)});
    return rewrites;
  }
  static Checkpoint checkpoint(std::int64_t fence, const std::string& cursor) {
    Checkpoint made;
    made.job = kJob;
    made.fence = fence;
    made.target = 2;
    made.progress.phase = "pass";
    made.progress.cursor = cursor;
    return made;
  }
  // The whole way over a table, as a job goes it.
  static int go_through(DataStore& store, bool hot = false) {
    std::string cursor;
    int written = 0;
    for (;;) {
      PageRequest request = after(cursor);
      request.hot = hot;
      const Page page = must(store.next(request));
      if (page.looked_at == 0) return written;
      written += static_cast<int>(must(store.replace(moved(page))).size());
      cursor = page.end;
      must(store.commit(checkpoint(1, cursor)));
    }
  }

  static constexpr const char* kJob = "0123456789abcdef0123456789abcdef";
  static std::unique_ptr<store::PostgresServer> server_;
  std::string url;
  std::unique_ptr<Application> application;
  PostgresColumn column;
};

std::unique_ptr<store::PostgresServer> PostgresColumnTest::server_;

TEST_F(PostgresColumnTest, goes_through_a_table_by_its_key) {
  make_orders(10);
  const auto store = opened();
  const Page page = must(store->next(after("")));
  EXPECT_EQ(page.looked_at, 3);
  EXPECT_EQ(page.end, "[\"3\"]");
  ASSERT_EQ(page.items.size(), 3U);
  EXPECT_EQ(page.items[2].name, "3");
  EXPECT_EQ(as_text(page.items[2].aad), "acme/orders/card/3");
  store->abandon();
  EXPECT_EQ(go_through(*store), 10);
  const rotation::Census census = must(store->census());
  EXPECT_EQ(census.by_version, (std::map<std::uint32_t, std::int64_t>{{2, 10}}));
  EXPECT_EQ(census.others, 0);
  EXPECT_EQ(go_through(*store), 0) << "those on the target are not handed out";
}

TEST_F(PostgresColumnTest, counts_versions_and_others_and_leaves_nulls_out) {
  make_orders(2);
  put(3, envelope_for_tests(2, "new"));
  put(4, envelope_for_tests(1, "foreign", key_for_tests(9)));
  put(5, to_bytes(as_bytes("plain")));
  application->ask("INSERT INTO orders (id) VALUES (6)");
  const rotation::Census census = must(opened()->census());
  EXPECT_EQ(census.by_version, (std::map<std::uint32_t, std::int64_t>{{1, 2}, {2, 1}}));
  EXPECT_EQ(census.others, 2);
}

TEST_F(PostgresColumnTest, a_row_that_changed_meanwhile_keeps_its_change) {
  make_orders(3);
  const auto store = opened();
  const Page page = must(store->next(after("")));
  put(2, envelope_for_tests(1, "newer"));
  EXPECT_EQ(must(store->replace(moved(page))), (std::vector<std::size_t>{0, 2}));
  must(store->commit(checkpoint(1, page.end)));
  EXPECT_EQ(application->ask("SELECT card = " + literal(envelope_for_tests(1, "newer")) +
                             " FROM orders WHERE id = 2"),
            "t");
}

TEST_F(PostgresColumnTest, a_row_that_somebody_holds_is_left_to_him) {
  make_orders(3);
  Application other(url);
  other.ask("BEGIN");
  other.ask("UPDATE orders SET note = 'held' WHERE id = 1");
  const auto store = opened();
  const Page page = must(store->next(after("")));
  EXPECT_EQ(must(store->replace(moved(page))), (std::vector<std::size_t>{1, 2}));
  must(store->commit(checkpoint(1, page.end)));
  other.ask("COMMIT");
  EXPECT_EQ(go_through(*store), 1);
}

TEST_F(PostgresColumnTest, batch_and_checkpoint_are_durable_together_or_not_at_all) {
  make_orders(3);
  {
    const auto store = opened();
    const Page page = must(store->next(after("")));
    must(store->replace(moved(page)));
  }
  const auto store = opened();
  EXPECT_FALSE(must(store->resume(kJob)));
  EXPECT_EQ(must(store->census()).by_version.at(1), 3);
  Checkpoint made = checkpoint(4, "[\"2\"]");
  made.progress.counts = {10, 9, 8, 7, 6, 5};
  made.progress.digest = {1, 2, 3};
  made.progress.pass = 2;
  const Page page = must(store->next(after("")));
  must(store->replace(moved(page)));
  must(store->commit(made));
  const auto found = must(opened()->resume(kJob));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->fence, 4);
  EXPECT_EQ(found->target, 2U);
  EXPECT_EQ(found->progress.cursor, "[\"2\"]");
  EXPECT_EQ(found->progress.counts.quarantined, 5);
  EXPECT_EQ(found->progress.digest, (Bytes{1, 2, 3}));
}

TEST_F(PostgresColumnTest, an_earlier_life_writes_nothing_any_more) {
  make_orders(3);
  const auto late = opened(), now = opened();
  must(now->next(after("")));
  must(now->commit(checkpoint(5, "x")));
  const Page page = must(late->next(after("")));
  must(late->replace(moved(page)));
  EXPECT_EQ(reason(late->commit(checkpoint(4, page.end))), "fenced");
  late->abandon();
  EXPECT_EQ(must(now->census()).by_version.at(1), 3);
}

TEST_F(PostgresColumnTest, hostile_names_are_names_and_nothing_else) {
  const std::string table = "or\"; DROP TABLE victim; --", name = "c'a\"r d\\x; \xc3\xbc";
  application->ask("CREATE TABLE victim (id int)");
  application->ask("CREATE SCHEMA \"my \"\" schema\"");
  application->ask(
      "CREATE TABLE \"my \"\" schema\".\"or\"\"; DROP TABLE victim; --\" (\"i\"\"d\" "
      "text PRIMARY KEY, \"c'a\"\"r d\\x; \xc3\xbc\" bytea)");
  for (const char* key : {"''", "'x''); DROP TABLE victim; --'", "'\"'", "'{a,b}'"})
    application->ask("INSERT INTO \"my \"\" schema\".\"or\"\"; DROP TABLE victim; --\" VALUES (" +
                     std::string(key) + ", " + literal(envelope_for_tests(1, "x")) + ")");
  column.schema = "my \" schema";
  column.table = table;
  column.column = name;
  const auto store = opened();
  EXPECT_EQ(go_through(*store), 4);
  EXPECT_EQ(must(store->census()).by_version.at(2), 4);
  EXPECT_EQ(application->ask("SELECT to_regclass('victim') IS NOT NULL"), "t");
}

TEST_F(PostgresColumnTest, goes_by_every_common_type_of_key) {
  for (const char* type : {"int", "bigint", "uuid", "varchar(40)", "char(40)", "timestamptz"}) {
    application->ask("DROP TABLE IF EXISTS orders");
    application->ask("CREATE TABLE orders (id " + std::string(type) + " PRIMARY KEY, card bytea)");
    const std::string value = std::string(type) == "uuid" ? "gen_random_uuid()"
                              : std::string(type) == "timestamptz"
                                  ? "now() + n * interval '1.000001 s'"
                                  : "n";
    application->ask("INSERT INTO orders SELECT " + value + ", " +
                     literal(envelope_for_tests(1, "x")) + " FROM generate_series(1, 20) n");
    const auto store = opened();
    EXPECT_EQ(go_through(*store), 20) << type;
  }
}

TEST_F(PostgresColumnTest, goes_by_a_key_of_several_columns_and_through_partitions) {
  application->ask(
      "CREATE TABLE orders (region text, id int, card bytea, PRIMARY KEY (region, id))"
      " PARTITION BY LIST (region)");
  application->ask("CREATE TABLE orders_eu PARTITION OF orders FOR VALUES IN ('eu')");
  application->ask("CREATE TABLE orders_us PARTITION OF orders FOR VALUES IN ('us')");
  application->ask("INSERT INTO orders SELECT r, n, " + literal(envelope_for_tests(1, "x")) +
                   " FROM unnest('{eu,us}'::text[]) r, generate_series(1, 7) n");
  const auto store = opened();
  const Page page = must(store->next(after("", 8)));
  EXPECT_EQ(page.end, "[\"us\",\"1\"]");
  EXPECT_EQ(as_text(page.items[7].aad), "acme/orders/card/[\"us\",\"1\"]");
  EXPECT_EQ(go_through(*store), 14);
}

TEST_F(PostgresColumnTest, texts_stay_texts) {
  application->ask("CREATE TABLE orders (id int PRIMARY KEY, card text)");
  for (int i = 1; i <= 5; ++i)
    application->ask("INSERT INTO orders VALUES (" + std::to_string(i) + ", '" +
                     crypto::envelope_text(envelope_for_tests(1, "row" + std::to_string(i))) +
                     "')");
  application->ask("INSERT INTO orders VALUES (6, 'kw1:xwEB'), (7, ''), (8, 'kw1:xw*')");
  const auto store = opened();
  EXPECT_EQ(must(store->census()).by_version.at(1), 5);
  EXPECT_EQ(must(store->census()).others, 3);
  std::string cursor;
  const Page page = must(store->next(after(cursor, 5)));
  std::vector<Rewrite> rewrites;
  for (std::size_t i = 0; i < page.items.size(); ++i) {
    const Bytes envelope = *crypto::envelope_from_text(as_text(page.items[i].ciphertext));
    const std::string text = crypto::envelope_text(moved_for_tests(envelope, 2));
    rewrites.push_back({i, to_bytes(as_bytes(text))});
  }
  EXPECT_EQ(must(store->replace(rewrites)).size(), 5U);
  must(store->commit(checkpoint(1, page.end)));
  EXPECT_EQ(must(store->census()).by_version, (std::map<std::uint32_t, std::int64_t>{{2, 5}}));
}

TEST_F(PostgresColumnTest, hot_rows_are_those_of_the_last_time) {
  application->ask("CREATE TABLE orders (id int PRIMARY KEY, card bytea, seen timestamp)");
  application->ask("INSERT INTO orders SELECT n, " + literal(envelope_for_tests(1, "x")) +
                   ", now() - (n % 2) * interval '3 days' FROM generate_series(1, 20) n");
  column.recency_column = "seen";
  const auto store = opened();
  EXPECT_TRUE(store->has_hot());
  EXPECT_EQ(go_through(*store, true), 10);
  EXPECT_EQ(application->ask("SELECT count(*) FROM orders WHERE get_byte(card, 23) = 2"
                             " AND seen < now() - interval '1 day'"),
            "0");
  EXPECT_EQ(go_through(*store), 10);
}

TEST_F(PostgresColumnTest, an_open_transaction_keeps_a_count_from_being_settled) {
  make_orders(1);
  const auto store = opened();
  Application other(url);
  other.ask("BEGIN");
  other.ask("UPDATE orders SET note = 'x'");
  // The server's own work, such as an ANALYZE, is waited for as well.
  const auto settles = [&](const std::string& moment) {
    return comes_true([&] { return must(store->settled(moment)); });
  };
  const std::string moment = must(store->census()).moment;
  EXPECT_FALSE(must(store->settled(moment)));
  other.ask("COMMIT");
  EXPECT_TRUE(settles(moment));
  other.ask("BEGIN");
  other.ask("SELECT 1");
  const std::string later = must(store->census()).moment;
  EXPECT_FALSE(must(store->settled(later))) << "it may still write";
  other.ask("ROLLBACK");
  EXPECT_TRUE(settles(later));
}

TEST_F(PostgresColumnTest, triggers_are_decided_about_not_fired_by_accident) {
  make_orders(2);
  application->ask("CREATE TABLE history (id int)");
  application->ask(
      "CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " INSERT INTO public.history VALUES (1); RETURN NEW; END $$");
  application->ask(
      "CREATE TRIGGER remembers BEFORE UPDATE ON orders FOR EACH ROW"
      " EXECUTE FUNCTION remember()");
  EXPECT_EQ(reason(open_postgres_column(column, {"acme", "shop", key_for_tests()})),
            "has_triggers");
  column.triggers = PostgresColumn::Triggers::kSkip;
  EXPECT_EQ(go_through(*opened()), 2);
  EXPECT_EQ(application->ask("SELECT count(*) FROM history"), "0");
  put(1, envelope_for_tests(1, "again"));
  application->ask("DELETE FROM history");
  column.triggers = PostgresColumn::Triggers::kFire;
  EXPECT_EQ(go_through(*opened()), 1);
  EXPECT_EQ(application->ask("SELECT count(*) FROM history"), "1");
}

TEST_F(PostgresColumnTest, refuses_what_it_cannot_go_through) {
  const PlaceNames names{"acme", "shop", key_for_tests()};
  EXPECT_EQ(reason(open_postgres_column(column, names)), "no_table");
  application->ask("CREATE TABLE orders (id int, card bytea, number int)");
  EXPECT_EQ(reason(open_postgres_column(column, names)), "no_primary_key");
  application->ask("ALTER TABLE orders ADD PRIMARY KEY (id)");
  EXPECT_EQ(reason(open_postgres_column(column, names)), "");
  column.column = "number";
  EXPECT_EQ(reason(open_postgres_column(column, names)), "column_type");
  column.column = "none";
  EXPECT_EQ(reason(open_postgres_column(column, names)), "no_column");
  application->ask("CREATE VIEW seen AS SELECT * FROM orders");
  column.table = "seen";
  EXPECT_EQ(reason(open_postgres_column(column, names)), "no_table");
}

TEST_F(PostgresColumnTest, a_user_without_rights_is_told_so_and_reads_no_hidden_rows) {
  make_orders(2);
  application->ask(
      "DO $$ BEGIN IF to_regrole('mover') IS NULL THEN CREATE ROLE mover LOGIN;"
      " END IF; END $$");
  application->ask("GRANT SELECT, UPDATE ON orders TO mover");
  column.terms.url = url.substr(0, url.find("&user=")) + "&user=mover";
  const auto store = must(open_postgres_column(column, {"acme", "shop", key_for_tests()}));
  EXPECT_EQ(reason(store->resume(kJob)), "target_permission") << "no schema of ours";
  application->ask("ALTER TABLE orders ENABLE ROW LEVEL SECURITY");
  EXPECT_EQ(reason(store->census()), "target_permission") << "a census of some rows proves nothing";
}

TEST_F(PostgresColumnTest, the_probe_knows_calm_operations_and_counts_slow_ones) {
  make_orders(4);
  const auto store = opened();
  must(store->next(after("")));  // a row for the probe to read
  store->abandon();
  const auto seen = [&] { return must(store->pressure(1.2)); };
  const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  const auto patient = [&] { return std::chrono::steady_clock::now() < patience; };
  while (seen().calm_seconds == 0 && patient()) application->ask("SELECT pg_sleep(0.01)");
  const rotation::Pressure calm = seen();
  EXPECT_TRUE(calm.watched);
  EXPECT_LT(calm.slow, 0.3);
  // Batches beside which everybody waits, well over what a loaded machine calls calm.
  while (seen().slow <= 0.3 && patient()) {
    const double wait = std::clamp(4 * seen().calm_seconds, 0.05, 1.0);
    application->ask("BEGIN; LOCK TABLE keywright.foreground_probe");
    must(store->next(after("")));
    application->ask("SELECT pg_sleep(" + std::to_string(wait) + ")");
    store->abandon();
    application->ask("COMMIT");
  }
  const rotation::Pressure busy = seen();
  EXPECT_GT(busy.slow, 0.3);
  EXPECT_GT(busy.busy_seconds, 0.02);
  EXPECT_LT(busy.calm_seconds, busy.busy_seconds) << "a disturbed operation is not a calm one";
  EXPECT_GT(busy.seen, calm.seen);
}

TEST_F(PostgresColumnTest, a_lost_server_is_worth_another_try) {
  make_orders(2);
  const auto store = opened();
  must(server_->crash_and_restart());
  const auto page = store->next(after(""));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Code::kUnavailable);
  store->abandon();
  application = std::make_unique<Application>(url);
  EXPECT_EQ(go_through(*opened()), 2);
}

TEST_F(PostgresColumnTest, large_values_make_small_pages_and_too_large_ones_are_named) {
  application->ask("CREATE TABLE orders (id int PRIMARY KEY, card bytea)");
  const std::string start = literal(envelope_for_tests(1, "x")) + "::bytea";
  application->ask("INSERT INTO orders SELECT n, " + start +
                   " || decode(repeat('00', 9000000), 'hex') FROM generate_series(1, 3) n");
  application->ask("INSERT INTO orders SELECT 4, " + start +
                   " || decode(repeat('00', 70000000), 'hex')");
  const auto store = opened();
  const Page first = must(store->next(after("", 10)));
  EXPECT_EQ(first.looked_at, 1);
  store->abandon();
  const Page last = must(store->next(after("[\"3\"]", 10)));
  ASSERT_EQ(last.items.size(), 1U);
  EXPECT_EQ(last.items[0].unfit, rotation::QuarantineReason::kTooLarge);
}

TEST(PostgresTerms, a_password_in_a_url_is_refused) {
  PostgresColumn column;
  column.table = "t";
  column.column = "c";
  for (const char* url : {"postgres://u:secret@h/d", "postgres://h/d?password=secret", "host=h",
                          "postgres://h/d?nonsense=1"}) {
    column.terms.url = url;
    const Status checked = check(column);
    EXPECT_EQ(reason(checked), "bad_url") << url;
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().message.find("secret"), std::string::npos);
  }
  column.terms.url = "postgres://u@h/d?sslmode=require";
  EXPECT_EQ(reason(check(column)), "");
}

TEST(PostgresTerms, a_password_file_that_others_can_read_is_refused) {
  const std::string file =
      (std::filesystem::temp_directory_path() / "kw-password-for-tests").string();
  std::ofstream(file) << "secret\n";
  chmod(file.c_str(), 0644);
  EXPECT_EQ(reason(PostgresLink::open({"postgres://h/d", file})), "password_file");
  EXPECT_EQ(reason(PostgresLink::open({"postgres://h/d", "/nonexistent"})), "password_file");
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace kw::connectors
