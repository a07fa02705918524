// Cells of PostgreSQL: one UPDATE for a whole slice, from three arrays.
//
// Measured best among per-row pipelines, COPY and arrays; with fillfactor 50 every update is HOT.
#include "base/failpoint.h"
#include "store/cell_table.h"
#include "store/engines/postgres_session.h"

namespace kw::store::engines {

namespace {

std::string update_sql(std::string_view table) {
  return "UPDATE " + std::string(table) +
         " AS t SET cell = u.cell"
         " FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS u (id, cell, expected)"
         " WHERE t.id = u.id AND substring(t.cell FROM 1 FOR 4) = u.expected"
         " AND octet_length(t.cell) = octet_length(u.cell)";
}

}  // namespace

Result<const PostgresSession::CellSql*> PostgresSession::cell_sql(std::string_view table) {
  if (auto named = check_cell_table(table); !named)
    return fail({Damage::kWork, false, std::move(named).error()});
  const auto known = cell_sql_.find(table);
  if (known != cell_sql_.end()) return &known->second;
  const auto added =
      cell_sql_.emplace(std::string(table), CellSql{cell_query(table), update_sql(table)});
  return &added.first->second;
}

Status PostgresSession::read_cells_into(std::vector<Cell>& cells, std::string_view table,
                                        std::int64_t after, std::int64_t last, std::size_t limit) {
  KW_OK(accept({}));
  KW_TRY(const CellSql* sql, cell_sql(table));
  const WireParams params({after, last, static_cast<std::int64_t>(limit)});
  KW_TRY(ResultHandle result, ask(sql->read, params));
  KW_TRY(Rows rows, wire_rows(result.get()));
  cells.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    cells[i].id = rows[i].integer(0);
    const ByteView bytes = rows[i].bytes(1);
    cells[i].bytes.assign(bytes.begin(), bytes.end());
  }
  return ok();
}

Result<std::int64_t> PostgresSession::write_cells(std::string_view table,
                                                  std::span<const CellUpdate> updates) {
  KW_OK(accept({}));
  KW_TRY(const CellSql* sql, cell_sql(table));
  if (updates.empty()) return std::int64_t{0};
  KW_FAILPOINT("store.cells.write");
  WireArray ids(WireArray::Element::kBigint, updates.size());
  WireArray cells(WireArray::Element::kBytea, updates.size());
  WireArray prefixes(WireArray::Element::kBytea, updates.size());
  for (const CellUpdate& update : updates) {
    ids.add(update.id);
    cells.add(update.cell);
    prefixes.add(ByteView(cell_prefix(update.expected_prefix)));
  }
  WireParams params;
  params.add_binary(kBigintArray, ids.bytes());
  params.add_binary(kByteaArray, cells.bytes());
  params.add_binary(kByteaArray, prefixes.bytes());
  KW_TRY(ResultHandle result, ask(sql->write, params));
  return wire_changes(result.get());
}

}  // namespace kw::store::engines
