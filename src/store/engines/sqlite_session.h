// One SQLite connection behind the Session port.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "store/engines/sqlite_checkpoints.h"
#include "store/session.h"
#include "store/statement_cache.h"

struct sqlite3_stmt;

namespace kw::store::engines {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const noexcept;
};

class SqliteSession final : public Session {
 public:
  enum class Role : std::uint8_t { kWriter, kReader };
  /// `path` must exist for a reader. @errors kUnavailable(store_unavailable)
  static Result<std::unique_ptr<Session>> open(const std::string& path, Role role);
  ~SqliteSession() override;

  Result<Rows> query(std::string_view sql, Params params) override;
  Result<std::int64_t> execute(std::string_view sql, Params params) override;
  Result<Rows> query_rows(std::string_view sql, const RowSet& rows) override;
  Result<std::int64_t> execute_rows(std::string_view sql, const RowSet& rows) override;
  Status read_cells_into(std::vector<Cell>& cells, std::string_view table, std::int64_t after,
                         std::int64_t last, std::size_t limit) override;
  Result<std::int64_t> write_cells(std::string_view table,
                                   std::span<const CellUpdate> updates) override;

  Status begin(Durability durability) override;
  Status begin_snapshot() override;
  Status mark() override;
  Status keep() override;
  Status undo() override;
  Status commit() override;
  void rollback() noexcept override;
  Status run_script(std::string_view portable_sql) override;
  void tidy() noexcept override;
  bool suspect() const override { return suspect_ || (checkpoints_ && checkpoints_->failed()); }

 private:
  struct Prepared {
    std::unique_ptr<sqlite3_stmt, Finalize> handle;
    std::vector<int> positions;  // of $1, $2 ...: SQLite numbers names as they appear
  };

  SqliteSession(sqlite3* database, Role role) : database_(database), role_(role) {}
  Status configure();
  Status pragma(const char* sql);
  Status watch_log();
  Status sync_when(Durability durability);
  void restart_log() noexcept;
  Result<Prepared*> prepare(std::string_view sql);
  Result<Prepared*> prepare_rows(std::string_view sql, std::size_t columns);
  /// Keeps the statement `text` under `sql`.
  Result<Prepared*> compile(std::string_view sql, std::string_view text);
  /// Prepared and bound; finish() it after the last step.
  Result<sqlite3_stmt*> ready(std::string_view sql, Params params);
  Result<sqlite3_stmt*> bound(Prepared& prepared, std::span<const Param> params);
  /// Both end with finish().
  Status collect(sqlite3_stmt* statement, Rows& rows);
  Result<std::int64_t> change(sqlite3_stmt* statement);
  void finish(sqlite3_stmt* statement);
  /// Runs a statement of our own that has no parameters and no rows.
  int run(std::string_view sql);
  Status control(std::string_view sql);
  /// What the failed call with result code `code` means; the transaction may be gone already.
  Error failed_with(int code);
  Status failed_commit(int code);
  void note_io_error(int code);
  bool in_transaction() const;
  Status expect_missing(const std::string& table, std::int64_t id);
  Status take_cells(std::vector<Cell>& cells, sqlite3_stmt* statement);

  Database database_;
  StatementCache<Prepared> statements_;  // after database_: finalised before it is closed
  std::map<std::string, std::string, std::less<>> cell_queries_;
  Role role_;
  bool suspect_ = false;
  Durability durability_ = Durability::kAtOnce;  // of the connection
  int log_pages_ = 0;                            // in the write-ahead log after the last commit
  int seen_pages_ = 0;   // what log_pages_ was after the transactions before
  int largest_ = 0;      // pages of the largest transactions since the last checkpoint
  int asked_pages_ = 0;  // what log_pages_ was when the last checkpoint was asked for
  std::unique_ptr<SqliteCheckpoints> checkpoints_;  // the writer's
};

}  // namespace kw::store::engines
