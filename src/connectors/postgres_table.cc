#include "connectors/postgres_table.h"

#include <algorithm>
#include <array>

namespace kw::connectors {

namespace {

Error unfit(std::string_view reason, const std::string& why) {
  return error(Code::kFailedPrecondition, reason, why);
}

struct Column {
  std::int64_t number = 0;
  std::string type;
  bool generated = false;
};

Result<std::int64_t> find_table(PostgresLink& link, const PostgresColumn& wanted) {
  PostgresParams names;
  names.text(wanted.schema).text(wanted.table);
  KW_TRY(const PostgresRows rows,
         link.ask("SELECT c.oid::bigint, c.relkind::text,"
                  " (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = c.oid)"
                  " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                  " WHERE n.nspname::text = $1 AND c.relname::text = $2",
                  names));
  if (rows.size() == 0) return unfit("no_table", "there is no such table");
  const bool partitioned = rows.text(0, 1) == "p";
  if (rows.text(0, 1) != "r" && !partitioned)
    return unfit("no_table", "it is a view or a foreign table: name the table behind it");
  if (!partitioned && rows.integer(0, 2) > 0)
    return unfit("no_table", "the table has heirs, whose keys may repeat: name each one by itself");
  return rows.integer(0, 0);
}

Result<Column> find_column(PostgresLink& link, std::int64_t table, const std::string& name) {
  PostgresParams params;
  params.integer(table).text(name);
  KW_TRY(const PostgresRows rows,
         link.ask("SELECT attnum::bigint, format_type(atttypid, NULL)::text, attgenerated::text"
                  " FROM pg_attribute WHERE attrelid = $1::oid AND attname::text = $2"
                  " AND attnum > 0 AND NOT attisdropped",
                  params));
  if (rows.size() == 0) return unfit("no_column", "the table has no such column");
  Column found;
  found.number = rows.integer(0, 0);
  found.type = std::string(rows.text(0, 1));
  found.generated = !rows.text(0, 2).empty();
  return found;
}

// Types by their own names: format_type would call char(40) "character", which is char(1).
// Comparison and order must be those of the server's own operators: types of pg_catalog, enums, and
// domains over them.
Result<std::vector<PostgresTable::KeyColumn>> find_key(PostgresLink& link, std::int64_t table,
                                                       std::int64_t forbidden) {
  PostgresParams params;
  params.integer(table);
  KW_TRY(const PostgresRows rows,
         link.ask("SELECT a.attname::text,"
                  " (SELECT quote_ident(n.nspname) FROM pg_namespace n WHERE n.oid ="
                  " t.typnamespace) || '.' || quote_ident(t.typname), a.attnum::bigint,"
                  " (b.typtype = 'e' OR b.typnamespace = 'pg_catalog'::regnamespace)::int::bigint"
                  " FROM pg_index i CROSS JOIN LATERAL"
                  " unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)"
                  " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number"
                  " JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b"
                  " ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END"
                  " WHERE i.indrelid = $1::oid AND i.indisprimary AND k.place <= i.indnkeyatts"
                  " ORDER BY k.place",
                  params));
  if (rows.size() == 0) return unfit("no_primary_key", "the table has no primary key to go by");
  std::vector<PostgresTable::KeyColumn> key;
  for (int row = 0; row < rows.size(); ++row) {
    if (rows.integer(row, 2) == forbidden)
      return unfit("column_type", "the ciphertexts are the primary key itself");
    if (rows.integer(row, 3) == 0)
      return unfit("key_type", "the primary key has a type of an extension");
    key.push_back({"t." + quoted_identifier(rows.text(row, 0)), std::string(rows.text(row, 1))});
  }
  return key;
}

// Triggers that run in spite of session_replication_role are counted apart.
Status check_triggers(PostgresLink& link, std::int64_t table, std::int64_t column,
                      PostgresColumn::Triggers wanted) {
  if (wanted == PostgresColumn::Triggers::kFire) return ok();
  PostgresParams params;
  params.integer(table).integer(column);
  KW_TRY(const PostgresRows rows,
         link.ask("SELECT count(*), count(*) FILTER (WHERE tgenabled = 'A') FROM pg_trigger"
                  " WHERE (tgrelid = $1::oid OR tgrelid IN"
                  " (SELECT relid FROM pg_partition_tree($1::oid::regclass)))"
                  " AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND (tgtype & 16) <> 0"
                  " AND (tgattr::text = '' OR $2::int2 = ANY (tgattr::int2[]))",
                  params));
  const int counted = wanted == PostgresColumn::Triggers::kSkip ? 1 : 0;
  if (rows.integer(0, counted) == 0) return ok();
  return unfit("has_triggers",
               "UPDATE triggers of the table would run for every row: decide with triggers: fire "
               "or triggers: skip");
}

}  // namespace

Result<PostgresTable> describe(PostgresLink& link, const PostgresColumn& wanted) {
  KW_TRY(const std::int64_t table, find_table(link, wanted));
  KW_TRY(const Column column, find_column(link, table, wanted.column));
  constexpr std::array<std::string_view, 2> kTexts{"text", "character varying"};
  const bool text = std::find(kTexts.begin(), kTexts.end(), column.type) != kTexts.end();
  if ((!text && column.type != "bytea") || column.generated)
    return unfit("column_type", "the column must be bytea, text or varchar, and not generated");
  PostgresTable found;
  found.name = quoted_identifier(wanted.schema) + "." + quoted_identifier(wanted.table);
  found.column = quoted_identifier(wanted.column);
  found.text = text;
  KW_TRY(found.key, find_key(link, table, column.number));
  if (!wanted.recency_column.empty()) {
    KW_TRY(const Column recency, find_column(link, table, wanted.recency_column));
    if (!recency.type.starts_with("timestamp") && recency.type != "date")
      return unfit("column_type", "the recency column must be a timestamp or a date");
    found.recency = quoted_identifier(wanted.recency_column);
    found.recency_type = recency.type;
  }
  KW_OK(check_triggers(link, table, column.number, wanted.triggers));
  return found;
}

}  // namespace kw::connectors
