// Statements of a SQLite connection: prepare once, bind, step, read.
#include <sqlite3.h>

#include "store/engines/sqlite_error.h"
#include "store/engines/sqlite_session.h"

namespace kw::store::engines {

namespace {

// Borrowed memory (SQLITE_STATIC): a parameter outlives the call that it is given to.
int bind_value(sqlite3_stmt* statement, int at, const Param::Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, at, *number);
  // A null pointer would bind NULL instead of an empty value.
  if (const auto* text = std::get_if<std::string_view>(&value))
    return sqlite3_bind_text64(statement, at, text->empty() ? "" : text->data(), text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  if (const auto* bytes = std::get_if<ByteView>(&value))
    return bytes->empty()
               ? sqlite3_bind_zeroblob(statement, at, 0)
               : sqlite3_bind_blob64(statement, at, bytes->data(), bytes->size(), SQLITE_STATIC);
  return sqlite3_bind_null(statement, at);
}

Row::Value read_value(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
      return Bytes(data, data + sqlite3_column_bytes(statement, column));
    }
    case SQLITE_NULL:
      return std::monostate{};
    default: {
      const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(data == nullptr ? "" : data,
                         static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
  }
}

Row read_row(sqlite3_stmt* statement) {
  const int columns = sqlite3_column_count(statement);
  std::vector<Row::Value> values;
  values.reserve(static_cast<std::size_t>(columns));
  for (int i = 0; i < columns; ++i) values.push_back(read_value(statement, i));
  return Row(std::move(values));
}

// The store has integers only.
bool has_fraction(sqlite3_stmt* statement) {
  for (int i = sqlite3_column_count(statement) - 1; i >= 0; --i)
    if (sqlite3_column_type(statement, i) == SQLITE_FLOAT) return true;
  return false;
}

bool only_space(std::string_view text) {
  return text.find_first_not_of(" \t\r\n;") == text.npos;
}

}  // namespace

void Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Result<SqliteSession::Prepared*> SqliteSession::prepare(std::string_view sql) {
  if (Prepared* known = statements_.find(sql)) return known;
  return compile(sql, sql);
}

Result<SqliteSession::Prepared*> SqliteSession::compile(std::string_view sql,
                                                        std::string_view text) {
  if (statements_.full()) statements_.clear();
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), text.data(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, &tail);
  Prepared prepared{std::unique_ptr<sqlite3_stmt, Finalize>(handle), {}};
  if (code != SQLITE_OK) return failed_with(code);
  if (handle == nullptr || !only_space(text.substr(static_cast<std::size_t>(tail - text.data()))))
    return fail({Damage::kWork, false,
                 error(Code::kInternal, "store_error", "not exactly one SQL statement")});
  const int count = sqlite3_bind_parameter_count(handle);
  for (int i = 1; i <= count; ++i)
    prepared.positions.push_back(
        sqlite3_bind_parameter_index(handle, ("$" + std::to_string(i)).c_str()));
  return statements_.put(sql, std::move(prepared));
}

Result<sqlite3_stmt*> SqliteSession::ready(std::string_view sql, Params params) {
  KW_OK(accept(params));
  KW_TRY(Prepared * prepared, prepare(sql));
  return bound(*prepared, std::span(params.begin(), params.size()));
}

Result<sqlite3_stmt*> SqliteSession::bound(Prepared& prepared, std::span<const Param> params) {
  sqlite3_stmt* statement = prepared.handle.get();
  if (params.size() != prepared.positions.size())
    return fail({Damage::kWork, false,
                 error(Code::kInternal, "store_error", "a statement wants other parameters")});
  const int* position = prepared.positions.data();
  for (const Param& param : params) {
    const int code = bind_value(statement, *position++, param.value());
    if (code != SQLITE_OK) return failed_with(code);
  }
  return statement;
}

void SqliteSession::finish(sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
}

Status SqliteSession::collect(sqlite3_stmt* statement, Rows& rows) {
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    if (has_fraction(statement)) {
      code = SQLITE_MISMATCH;
      break;
    }
    rows.push_back(read_row(statement));
  }
  Status answer = code == SQLITE_DONE ? ok() : Status(failed_with(code));
  finish(statement);
  return answer;
}

Result<std::int64_t> SqliteSession::change(sqlite3_stmt* statement) {
  const sqlite3_int64 before = sqlite3_total_changes64(database_.get());
  int code = sqlite3_step(statement);
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  // sqlite3_changes keeps its value through statements that change nothing.
  const bool changed = sqlite3_total_changes64(database_.get()) != before;
  const std::int64_t count = changed ? sqlite3_changes64(database_.get()) : 0;
  Result<std::int64_t> answer =
      code == SQLITE_DONE ? Result<std::int64_t>(count) : failed_with(code);
  finish(statement);
  return answer;
}

Result<Rows> SqliteSession::query(std::string_view sql, Params params) {
  KW_TRY(sqlite3_stmt * statement, ready(sql, params));
  Rows rows;
  KW_OK(collect(statement, rows));
  return rows;
}

Result<std::int64_t> SqliteSession::execute(std::string_view sql, Params params) {
  KW_TRY(sqlite3_stmt * statement, ready(sql, params));
  return change(statement);
}

}  // namespace kw::store::engines
