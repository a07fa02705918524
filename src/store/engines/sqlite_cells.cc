// Cells of SQLite: read by key, rewritten in place through incremental blob I/O.
//
// @source https://www.sqlite.org/c3ref/blob_open.html: a blob handle writes the pages of one row
// without parsing, planning or rebuilding it.
#include <sqlite3.h>

#include <array>

#include "base/failpoint.h"
#include "store/cell_table.h"
#include "store/engines/sqlite_error.h"
#include "store/engines/sqlite_session.h"

namespace kw::store::engines {

namespace {

struct CloseBlob {
  void operator()(sqlite3_blob* blob) const noexcept { sqlite3_blob_close(blob); }
};
using BlobHandle = std::unique_ptr<sqlite3_blob, CloseBlob>;

enum class Written : std::uint8_t { kYes, kOtherPrefix, kFailed };

// `blob` stands on the row of `update`; `code` receives why a call failed.
Written write_one(sqlite3_blob* blob, const CellUpdate& update, int& code) {
  std::array<std::uint8_t, 4> prefix{};
  const auto size = static_cast<int>(update.cell.size());
  if (sqlite3_blob_bytes(blob) != size || size < 4) return Written::kOtherPrefix;
  code = sqlite3_blob_read(blob, prefix.data(), 4, 0);
  if (code != SQLITE_OK) return Written::kFailed;
  if (prefix != cell_prefix(update.expected_prefix)) return Written::kOtherPrefix;
  code = sqlite3_blob_write(blob, update.cell.data(), size, 0);
  return code == SQLITE_OK ? Written::kYes : Written::kFailed;
}

// Moves the handle to row `id`, opening it first. A missing row is SQLITE_ERROR in both calls and
// leaves a reopened handle aborted.
int stand_on(sqlite3* database, const std::string& table, std::int64_t id, BlobHandle& blob) {
  if (blob != nullptr) return sqlite3_blob_reopen(blob.get(), id);
  sqlite3_blob* opened = nullptr;
  const int code = sqlite3_blob_open(database, "main", table.c_str(), "cell", id, 1, &opened);
  blob.reset(opened);
  return code;
}

}  // namespace

Status SqliteSession::read_cells_into(std::vector<Cell>& cells, std::string_view table,
                                      std::int64_t after, std::int64_t last, std::size_t limit) {
  if (auto named = check_cell_table(table); !named)
    return fail({Damage::kWork, false, std::move(named).error()});
  auto found = cell_queries_.find(table);
  if (found == cell_queries_.end())
    found = cell_queries_.emplace(std::string(table), cell_query(table)).first;
  KW_TRY(sqlite3_stmt * statement,
         ready(found->second, {after, last, static_cast<std::int64_t>(limit)}));
  Status read = take_cells(cells, statement);
  finish(statement);
  return read;
}

Status SqliteSession::take_cells(std::vector<Cell>& cells, sqlite3_stmt* statement) {
  std::size_t count = 0;
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    if (count == cells.size()) cells.emplace_back();
    Cell& cell = cells[count++];
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, 1));
    cell.id = sqlite3_column_int64(statement, 0);
    cell.bytes.assign(data, data + sqlite3_column_bytes(statement, 1));
  }
  cells.resize(count);
  if (code != SQLITE_DONE) return failed_with(code);
  return ok();
}

Result<std::int64_t> SqliteSession::write_cells(std::string_view table,
                                                std::span<const CellUpdate> updates) {
  KW_OK(accept({}));
  if (auto named = check_cell_table(table); !named)
    return fail({Damage::kWork, false, std::move(named).error()});
  const std::string name(table);
  BlobHandle blob;
  std::int64_t written = 0;
  for (const CellUpdate& update : updates) {
    KW_FAILPOINT("store.cells.write");
    int code = stand_on(database_.get(), name, update.id, blob);
    if (code == SQLITE_ERROR) {
      blob.reset();
      KW_OK(expect_missing(name, update.id));
      continue;
    }
    if (code != SQLITE_OK) return failed_with(code);
    const Written one = write_one(blob.get(), update, code);
    if (one == Written::kFailed) return failed_with(code);
    if (one == Written::kYes) ++written;
  }
  return written;
}

// The result code is the same for a missing row and for a table that has no such column.
Status SqliteSession::expect_missing(const std::string& table, std::int64_t id) {
  KW_TRY(auto cells, read_cells(table, id - 1, id, 1));
  if (cells.empty()) return ok();
  return fail({Damage::kWork, false,
               error(Code::kInternal, "store_error", "a cell table needs BIGINT PRIMARY KEY")});
}

}  // namespace kw::store::engines
