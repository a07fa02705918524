#include <string>

#include "base/failpoint.h"
#include "store/contract.h"

namespace kw::store {
namespace {

constexpr std::string_view kTable =
    "CREATE TABLE cells (id BIGINT PRIMARY KEY, cell BYTEA NOT NULL)/*cells*/";

Bytes cell(std::uint32_t prefix, std::uint8_t fill, std::size_t size = 96) {
  Bytes bytes = ByteWriter().u32(prefix).bytes();
  bytes.resize(size, fill);
  return bytes;
}

class Cells : public StoreContract {
 protected:
  void SetUp() override {
    StoreContract::SetUp();
    if (IsSkipped()) return;
    create(kTable);
    ASSERT_EQ(reason(fill()), "");
  }
  Status fill() {
    return store().write([](Tx& tx) -> Status {
      for (int id = 10; id <= 1000; id += 10)
        KW_OK(tx.execute("INSERT INTO cells (id, cell) VALUES ($1, $2)", {id, cell(1, 0)}));
      return ok();
    });
  }
  std::vector<Cell> read(std::int64_t after, std::int64_t last, std::size_t limit) {
    std::vector<Cell> cells;
    const Status written = store().write([&](Tx& tx) -> Status {
      KW_TRY(cells, tx.read_cells("cells", after, last, limit));
      return ok();
    });
    EXPECT_EQ(reason(written), "");
    return cells;
  }
  Result<std::int64_t> write(const std::vector<CellUpdate>& updates,
                             std::string_view table = "cells") {
    std::int64_t count = 0;
    KW_OK(store().write([&](Tx& tx) -> Status {
      KW_TRY(count, tx.write_cells(table, updates));
      return ok();
    }));
    return count;
  }
};

TEST_P(Cells, come_by_key_within_the_bounds) {
  const auto page = read(10, 55, 3);
  ASSERT_EQ(page.size(), 3U);
  EXPECT_EQ(page[0].id, 20);
  EXPECT_EQ(page[2].id, 40);
  EXPECT_EQ(page[0].bytes, cell(1, 0));
  EXPECT_EQ(read(40, 55, 10).size(), 1U);
  EXPECT_EQ(read(1000, INT64_MAX, 10).size(), 0U);
  EXPECT_EQ(read(INT64_MIN, INT64_MAX, 1'000'000).size(), 100U);
}

TEST_P(Cells, are_rewritten_only_under_the_expected_prefix) {
  const Bytes next = cell(2, 7);
  const auto written = write({{10, 1, next}, {20, 9, next}, {30, 1, next}, {30 + 1, 1, next}});
  ASSERT_TRUE(written) << reason(written);
  EXPECT_EQ(*written, 2);
  const auto cells = read(0, 30, 10);
  EXPECT_EQ(cells[0].bytes, next);
  EXPECT_EQ(cells[1].bytes, cell(1, 0));
  EXPECT_EQ(cells[2].bytes, next);
  EXPECT_EQ(write({{10, 1, next}}).value(), 0);
  EXPECT_EQ(write({{10, 2, cell(0x80000000, 1)}}).value(), 1);
  EXPECT_EQ(write({{10, 0x80000000, next}}).value(), 1);
}

TEST_P(Cells, never_change_their_size) {
  EXPECT_EQ(write({{10, 1, cell(2, 7, 95)}, {20, 1, cell(2, 7, 97)}, {30, 1, cell(2, 7)}}).value(),
            1);
  EXPECT_EQ(read(0, 10, 1).at(0).bytes, cell(1, 0));
}

TEST_P(Cells, may_be_missing_anywhere_in_a_batch) {
  const Bytes next = cell(2, 7);
  EXPECT_EQ(
      write({{5, 1, next}, {10, 1, next}, {15, 1, next}, {16, 1, next}, {20, 1, next}}).value(), 2);
  EXPECT_EQ(write({}).value(), 0);
}

TEST_P(Cells, are_undone_with_their_work) {
  const Bytes next = cell(2, 7);
  const CellUpdate update{10, 1, next};
  const Status undone = store().write([&](Tx& tx) -> Status {
    KW_TRY(auto count, tx.write_cells("cells", {&update, 1}));
    EXPECT_EQ(count, 1);
    KW_TRY(auto inside, tx.read_cells("cells", 0, 10, 1));
    EXPECT_EQ(inside.at(0).bytes, next);
    return error(Code::kAborted, "undone", "");
  });
  EXPECT_EQ(reason(undone), "undone");
  EXPECT_EQ(read(0, 10, 1).at(0).bytes, cell(1, 0));
}

TEST_P(Cells, are_visible_to_readers_after_the_write) {
  ASSERT_EQ(write({{10, 1, cell(2, 7)}}).value(), 1);
  const Status seen = store().read([](Reader& reader) -> Status {
    KW_TRY(auto row, reader.query_one("SELECT cell FROM cells WHERE id = $1", {10}));
    EXPECT_EQ(row->bytes(0), cell(2, 7));
    return ok();
  });
  EXPECT_EQ(reason(seen), "");
}

TEST_P(Cells, of_no_table_are_an_error) {
  EXPECT_EQ(reason(write({{10, 1, cell(2, 7)}}, "no_such_table")), "store_error");
  EXPECT_EQ(reason(write({{10, 1, cell(2, 7)}}, "cells; DROP TABLE cells")), "bad_cell_table");
  EXPECT_EQ(reason(write({{10, 1, cell(2, 7)}}, "")), "bad_cell_table");
  EXPECT_EQ(read(0, 10, 1).size(), 1U);
}

TEST_P(Cells, move_in_slices_beside_foreground_writes) {
  std::int64_t moved = 0;
  for (std::int64_t cursor = 0;;) {
    std::int64_t next = cursor;
    const auto slice = [&](Tx& tx) -> Status {
      KW_TRY(auto cells, tx.read_cells("cells", cursor, INT64_MAX, 7));
      std::vector<CellUpdate> updates;
      updates.reserve(cells.size());
      const Bytes bytes = cell(2, 3);
      for (const Cell& one : cells) updates.push_back({one.id, 1, bytes});
      KW_TRY(auto count, tx.write_cells("cells", updates));
      next = cells.empty() ? -1 : cells.back().id;
      moved += count;
      return ok();
    };
    ASSERT_EQ(reason(store().write(slice, Priority::kSlice)), "");
    if (next < 0) break;
    cursor = next;
  }
  EXPECT_EQ(moved, 100);
  for (const Cell& one : read(0, INT64_MAX, 1000)) EXPECT_EQ(one.bytes, cell(2, 3));
}

#ifdef KW_FAILPOINTS
TEST_P(Cells, of_a_half_written_batch_are_undone) {
  ASSERT_EQ(reason(failpoint::arm("store.cells.write=error")), "");
  EXPECT_EQ(reason(write({{10, 1, cell(2, 7)}})), "failpoint");
  failpoint::disarm_all();
  EXPECT_EQ(read(0, 10, 1).at(0).bytes, cell(1, 0));
}
#endif

INSTANTIATE_TEST_SUITE_P(Engines, Cells, testing::Values("sqlite", "postgres"), engine_name);

}  // namespace
}  // namespace kw::store
