#include "base/check.h"
#include "store/store.h"

namespace kw::store {

const Row::Value& Row::at(std::size_t column) const {
  KW_CHECK(column < values_.size());
  return values_[column];
}

bool Row::is_null(std::size_t column) const {
  return std::holds_alternative<std::monostate>(at(column));
}

std::int64_t Row::integer(std::size_t column) const {
  const auto* number = std::get_if<std::int64_t>(&at(column));
  KW_CHECK(number != nullptr);
  return *number;
}

std::optional<std::int64_t> Row::optional_integer(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

const std::string& Row::text(std::size_t column) const {
  const auto* text = std::get_if<std::string>(&at(column));
  KW_CHECK(text != nullptr);
  return *text;
}

std::string Row::text_or_empty(std::size_t column) const {
  return is_null(column) ? std::string() : text(column);
}

const Bytes& Row::bytes(std::size_t column) const {
  const auto* bytes = std::get_if<Bytes>(&at(column));
  KW_CHECK(bytes != nullptr);
  return *bytes;
}

Result<std::vector<Cell>> Reader::read_cells(std::string_view table, std::int64_t after,
                                             std::int64_t last, std::size_t limit) {
  std::vector<Cell> cells;
  KW_OK(read_cells_into(cells, table, after, last, limit));
  return cells;
}

Result<std::optional<Row>> Reader::query_one(std::string_view sql, Params params) {
  KW_TRY(Rows rows, query(sql, params));
  if (rows.empty()) return std::optional<Row>();
  return std::optional<Row>(std::move(rows.front()));
}

Status Tx::post(std::string_view sql, Params params) {
  KW_OK(execute(sql, params));
  return ok();
}

Status Tx::post_rows(std::string_view sql, const RowSet& rows) {
  KW_OK(execute_rows(sql, rows));
  return ok();
}

}  // namespace kw::store
