// One PostgreSQL connection behind the Session port; connects again after it was lost.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "store/engines/postgres_wire.h"
#include "store/session.h"

namespace kw::store::engines {

class PostgresSession final : public Session {
 public:
  enum class Role : std::uint8_t { kWriter, kReader };
  /// @errors kUnavailable(store_unavailable)
  static Result<std::unique_ptr<Session>> open(const std::string& url, Role role);

  Result<Rows> query(std::string_view sql, Params params) override;
  Result<std::int64_t> execute(std::string_view sql, Params params) override;
  Status post(std::string_view sql, Params params) override;
  Result<Rows> query_rows(std::string_view sql, const RowSet& rows) override;
  Result<std::int64_t> execute_rows(std::string_view sql, const RowSet& rows) override;
  Status post_rows(std::string_view sql, const RowSet& rows) override;
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

 private:
  struct CellSql {
    std::string read;
    std::string write;
  };

  PostgresSession(std::string url, Role role) : url_(std::move(url)), role_(role) {}
  Status connect();
  Status begin_with(const char* sql);
  /// Waits for all that was sent; the result of the last statement.
  Result<ResultHandle> answer();
  Result<ResultHandle> ask(std::string_view sql, const WireParams& params);
  Error failed_with(const PGresult* failure);
  Error lost();
  Error unknown_outcome();
  Result<const CellSql*> cell_sql(std::string_view table);
  /// Queues `sql` for all rows, one array per column.
  Status send_rows(std::string_view sql, const RowSet& rows);

  std::string url_;
  Role role_;
  std::unique_ptr<PostgresWire> wire_;
  std::map<std::string, CellSql, std::less<>> cell_sql_;
  std::map<std::pair<std::string, std::string>, std::string> rows_sql_;  // by text and types
  bool lost_ = false;
  bool heard_ = false;   // the server has answered within this transaction
  bool posted_ = false;  // statements of a work are on their way without an answer
  std::chrono::milliseconds backoff_{0};
  std::chrono::steady_clock::time_point next_attempt_;
};

}  // namespace kw::store::engines
