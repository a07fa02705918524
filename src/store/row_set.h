// Many rows for one statement: how a work reads or changes thousands of rows at the cost of one.
//
// The statement begins with its rows as a table `r`, whose place is marked with /*rows*/, and names
// their columns with `r.` before them. A change is an INSERT that ends in `SELECT r.* FROM r`
// (further values may follow, and `WHERE true ON CONFLICT …`), or an UPDATE … FROM r WHERE …; a
// query is a SELECT … FROM r JOIN t ON …, further joins, WHERE … and nothing behind:
//
//   RowSet rows(2);
//   for (const auto& each : all) rows.add({each.id, each.epoch});
//   KW_TRY(const auto changed, tx.execute_rows(
//       "WITH r (id, epoch) AS (/*rows*/) UPDATE t SET epoch = r.epoch + 1 FROM r"
//       " WHERE t.id = r.id AND t.epoch = r.epoch", rows));
//
// PostgreSQL gets one array per column and one round trip; SQLite runs the statement per row. So
// the rows of one call must not depend on each other. Used by one thread.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "store/store.h"

namespace kw::store {

class RowSet {
 public:
  /// @param columns  at least 1.
  explicit RowSet(std::size_t columns) : columns_(columns) {}
  RowSet(const RowSet&) = delete;
  RowSet& operator=(const RowSet&) = delete;

  /// One row: as many values as there are columns (checked), of one type per column; a column
  /// without any value counts as BIGINT. Borrowed until the call that uses the set.
  void add(Params row);
  /// Keeps a value that would not live so long.
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  ByteView keep(Bytes bytes) { return bytes_.emplace_back(std::move(bytes)); }

  std::size_t columns() const { return columns_; }
  std::size_t size() const { return values_.size() / columns_; }
  bool empty() const { return values_.empty(); }
  std::span<const Param> row(std::size_t index) const {
    return std::span(values_).subspan(index * columns_, columns_);
  }

 private:
  std::size_t columns_;
  std::vector<Param> values_;
  std::deque<std::string> texts_;
  std::deque<Bytes> bytes_;
};

/// Where a statement takes its rows.
inline constexpr std::string_view kRowsMarker = "/*rows*/";
/// `sql` with `source` at the marker. @errors kInternal(store_error): not exactly one marker.
Result<std::string> with_rows(std::string_view sql, std::string_view source);

}  // namespace kw::store
