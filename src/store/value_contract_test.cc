#include <atomic>
#include <string>
#include <thread>

#include "store/contract.h"

namespace kw::store {
namespace {

constexpr std::string_view kTable =
    "CREATE TABLE item (id BIGINT PRIMARY KEY, name TEXT, body BYTEA, count BIGINT)";
constexpr std::string_view kInsert =
    "INSERT INTO item (id, name, body, count) VALUES ($1, $2, $3, $4)";
constexpr std::string_view kSelect = "SELECT name, body, count FROM item WHERE id = $1";

class Values : public StoreContract {
 protected:
  void SetUp() override {
    StoreContract::SetUp();
    if (!IsSkipped()) create(kTable);
  }
  Row row(int id) {
    std::optional<Row> found;
    const Status read = store().read([&](Reader& reader) -> Status {
      KW_TRY(found, reader.query_one(kSelect, {id}));
      return ok();
    });
    EXPECT_EQ(reason(read), "");
    EXPECT_TRUE(found.has_value());
    return *found;
  }
};

Status ignore_count(const Result<std::int64_t>& count) {
  if (!count) return count.error();
  return ok();
}

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return bytes;
}

TEST_P(Values, keep_null_apart_from_empty) {
  ASSERT_EQ(reason(run(kInsert, {1, nullptr, nullptr, nullptr})), "");
  ASSERT_EQ(reason(run(kInsert, {2, "", Bytes{}, 0})), "");
  ASSERT_EQ(
      reason(run(kInsert, {3, std::string_view(), ByteView(), std::optional<std::int64_t>()})), "");
  const Row nulls = row(1);
  for (std::size_t column = 0; column < 3; ++column) EXPECT_TRUE(nulls.is_null(column));
  EXPECT_EQ(nulls.optional_integer(2), std::nullopt);
  EXPECT_EQ(nulls.text_or_empty(0), "");
  const Row empties = row(2);
  EXPECT_EQ(empties.text(0), "");
  EXPECT_TRUE(empties.bytes(1).empty());
  EXPECT_EQ(empties.optional_integer(2), 0);
  EXPECT_EQ(row(3).text(0), "");
  EXPECT_TRUE(row(3).bytes(1).empty());
  EXPECT_TRUE(row(3).is_null(2));
}

TEST_P(Values, keep_every_byte_and_number) {
  const Bytes body = pattern(70'000);
  ASSERT_EQ(reason(run(kInsert, {1, "caf\xC3\xA9 \xF0\x9F\x94\x91 'quoted' $1", body, INT64_MIN})),
            "");
  ASSERT_EQ(reason(run(kInsert, {2, "b", Bytes{0, 1, 0, 255}, INT64_MAX})), "");
  EXPECT_EQ(row(1).text(0), "caf\xC3\xA9 \xF0\x9F\x94\x91 'quoted' $1");
  EXPECT_EQ(row(1).bytes(1), body);
  EXPECT_EQ(row(1).integer(2), INT64_MIN);
  EXPECT_EQ(to_bytes(row(2).sealed(1).bytes()), (Bytes{0, 1, 0, 255}));
  EXPECT_EQ(row(2).integer(2), INT64_MAX);
}

TEST_P(Values, keep_a_large_value) {
  const Bytes body = pattern(8U << 20U);
  ASSERT_EQ(reason(run(kInsert, {1, "a", body, 0})), "");
  open_again();
  EXPECT_TRUE(row(1).bytes(1) == body);
}

TEST_P(Values, refuse_a_value_beyond_the_limit) {
  const Bytes body((64U << 20U) + 1);
  const Status refused = run(kInsert, {1, "a", body, 0});
  EXPECT_EQ(reason(refused), "value_too_large");
  EXPECT_EQ(refused.error().code, Code::kTooLarge);
}

TEST_P(Values, refuse_texts_that_are_not_utf8_or_hold_nul) {
  for (const std::string_view text :
       {std::string_view("a\0b", 3), std::string_view("\xFF"), std::string_view("\xC0\x80"),
        std::string_view("\xED\xA0\x80")})
    EXPECT_EQ(reason(run(kInsert, {1, text, nullptr, 0})), "bad_text");
  EXPECT_EQ(number("SELECT count(*) FROM item"), 0);
}

TEST_P(Values, refuse_another_type_than_the_columns) {
  EXPECT_EQ(reason(run(kInsert, {1, "a", nullptr, "not a number"})), "store_error");
  EXPECT_EQ(reason(run(kInsert, {1, "a", "text", 0})), "store_error");
}

TEST_P(Values, name_parameters_by_number_and_not_by_place) {
  const Status written = store().write([](Tx& tx) -> Status {
    KW_TRY(auto rows, tx.query("INSERT INTO item (count, name, id) VALUES ($3, $2, $1)"
                               " RETURNING id, count, name",
                               {7, "seven", 70}));
    EXPECT_EQ(rows.at(0).integer(0), 7);
    EXPECT_EQ(rows.at(0).integer(1), 70);
    EXPECT_EQ(rows.at(0).text(2), "seven");
    KW_TRY(auto twice, tx.query_one("SELECT count FROM item WHERE id = $1 OR id = $1", {7}));
    EXPECT_EQ(twice->integer(0), 70);
    return ok();
  });
  EXPECT_EQ(reason(written), "");
}

TEST_P(Values, refuse_a_wrong_number_of_parameters) {
  EXPECT_EQ(reason(run("DELETE FROM item WHERE id = $1", {})), "store_error");
  EXPECT_EQ(reason(run("DELETE FROM item WHERE id = $1", {1, 2})), "store_error");
  EXPECT_EQ(reason(run("DELETE FROM item; DELETE FROM item", {})), "store_error");
}

TEST_P(Values, count_changed_rows) {
  for (int i = 1; i <= 5; ++i) ASSERT_EQ(reason(run(kInsert, {i, "a", nullptr, i})), "");
  const Status written = store().write([](Tx& tx) -> Status {
    KW_TRY(auto some, tx.execute("UPDATE item SET count = count + 1 WHERE id <= $1", {3}));
    EXPECT_EQ(some, 3);
    KW_TRY(auto none, tx.execute("UPDATE item SET count = 0 WHERE id = $1", {99}));
    EXPECT_EQ(none, 0);
    KW_TRY(auto kept, tx.execute("INSERT INTO item (id, count) VALUES ($1, $2)"
                                 " ON CONFLICT (id) DO NOTHING",
                                 {1, 1}));
    EXPECT_EQ(kept, 0);
    KW_TRY(auto gone, tx.execute("DELETE FROM item WHERE id > $1", {3}));
    EXPECT_EQ(gone, 2);
    return ok();
  });
  EXPECT_EQ(reason(written), "");
}

TEST_P(Values, read_sums_and_truth_as_integers) {
  for (int i = 1; i <= 3; ++i)
    ASSERT_EQ(reason(run(kInsert, {i, "a", nullptr, i * 123456789})), "");
  EXPECT_EQ(number("SELECT sum(count) FROM item"), 740740734);
  EXPECT_EQ(number("SELECT EXISTS (SELECT 1 FROM item WHERE id = 2)"), 1);
  EXPECT_EQ(number("SELECT sum(-count) FROM item"), -740740734);
  EXPECT_EQ(number("SELECT count(*) FROM item WHERE id = 9"), 0);
}

TEST_P(Values, take_null_first_and_a_number_later) {
  ASSERT_EQ(reason(run(kInsert, {1, "a", nullptr, nullptr})), "");
  ASSERT_EQ(reason(run(kInsert, {2, "b", Bytes{1}, 5'000'000'000})), "");
  ASSERT_EQ(reason(run(kInsert, {3, nullptr, Bytes{1}, nullptr})), "");
  EXPECT_EQ(row(2).integer(2), 5'000'000'000);
}

TEST_P(Values, are_read_in_one_snapshot) {
  ASSERT_EQ(reason(run(kInsert, {1, "a", nullptr, 1})), "");
  const Status read = store().read([this](Reader& reader) -> Status {
    KW_TRY(auto before, reader.query_one("SELECT count FROM item WHERE id = 1", {}));
    EXPECT_EQ(before->integer(0), 1);
    EXPECT_EQ(reason(run("UPDATE item SET count = 2 WHERE id = $1", {1})), "");
    KW_TRY(auto after, reader.query_one("SELECT count FROM item WHERE id = 1", {}));
    EXPECT_EQ(after->integer(0), 1);
    return ok();
  });
  EXPECT_EQ(reason(read), "");
  EXPECT_EQ(number("SELECT count FROM item WHERE id = 1"), 2);
}

TEST_P(Values, are_never_seen_half_written_by_readers) {
  ASSERT_EQ(reason(run(kInsert, {1, "a", nullptr, 1000})), "");
  ASSERT_EQ(reason(run(kInsert, {2, "b", nullptr, 0})), "");
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  readers.reserve(10);
  for (int i = 0; i < 10; ++i)
    readers.emplace_back([this, &done] {
      while (!done) ASSERT_EQ(number("SELECT sum(count) FROM item"), 1000);
    });
  for (int i = 0; i < 200; ++i) {
    const Status moved = store().write([](Tx& tx) -> Status {
      KW_OK(tx.execute("UPDATE item SET count = count - 1 WHERE id = $1", {1}));
      KW_OK(tx.execute("UPDATE item SET count = count + 1 WHERE id = $1", {2}));
      return ok();
    });
    ASSERT_EQ(reason(moved), "");
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(number("SELECT count FROM item WHERE id = 2"), 200);
}

TEST_P(Values, come_from_more_statements_than_a_connection_keeps) {
  std::vector<std::string> texts;
  texts.reserve(1'300);
  for (int i = 0; i < 1'300; ++i)
    texts.push_back("INSERT INTO item (id, count) VALUES ($1, " + std::to_string(i) + ")");
  const Status written = store().write([&](Tx& tx) -> Status {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto id = static_cast<std::int64_t>(i);
      KW_OK(i % 3 == 0 ? ignore_count(tx.execute(texts[i], {id})) : tx.post(texts[i], {id}));
    }
    return ok();
  });
  EXPECT_EQ(reason(written), "");
  EXPECT_EQ(number("SELECT count(*) FROM item WHERE id = count"), 1'300);
  EXPECT_EQ(reason(run(texts[0], {5'000})), "");
}

TEST_P(Values, come_from_the_statement_as_it_reads_now) {
  std::string sql = "INSERT INTO item (id, count) VALUES ($1, 1)";
  ASSERT_EQ(reason(run(sql, {1})), "");
  sql[sql.size() - 2] = '2';  // the same address
  ASSERT_EQ(reason(run(sql, {2})), "");
  EXPECT_EQ(number("SELECT sum(count) FROM item"), 3);
}

TEST_P(Values, cannot_be_written_by_a_reader) {
  const Status read = store().read([](Reader& reader) -> Status {
    KW_OK(reader.query("INSERT INTO item (id) VALUES (1)", {}));
    return ok();
  });
  EXPECT_EQ(reason(read), "store_error");
  EXPECT_EQ(number("SELECT count(*) FROM item"), 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, Values, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::store
