#include "connectors/postgres_statements.h"

#include "crypto/envelope_start.h"

namespace kw::connectors {

namespace {

// What a page may hold in memory at most, before its last row.
constexpr std::size_t kPageBytesMax = std::size_t{16} << 20;

std::string number(std::size_t value) {
  return std::to_string(value);
}

std::string parameter(std::size_t place, const std::string& type) {
  return "$" + number(place) + "::text::" + type;
}

// "t.a, t.b", with something behind each.
std::string key_list(const PostgresTable& table, const std::string& behind = "") {
  std::string list;
  for (const auto& column : table.key) list += (list.empty() ? "" : ", ") + column.name + behind;
  return list;
}

std::string key_parameters(const PostgresTable& table, std::size_t first) {
  std::string list;
  for (std::size_t i = 0; i < table.key.size(); ++i)
    list += (i == 0 ? "" : ", ") + parameter(first + i, table.key[i].type);
  return list;
}

// The first bytes or characters of a value, which tell key and version.
std::string start_of(const PostgresTable& table, const std::string& value) {
  if (table.text) return "left(" + value + ", " + number(crypto::kEnvelopeStartCharacters) + ")";
  return "substring(" + value + " from 1 for " + number(crypto::kEnvelopeStartBytes) + ")";
}

std::string page(const PostgresTable& table, bool after, bool hot) {
  const std::size_t keys = table.key.size();
  const std::string value = "t." + table.column;
  std::string rows = "SELECT ";
  for (std::size_t i = 0; i < keys; ++i) rows += table.key[i].name + " AS k" + number(i) + ", ";
  rows += value + " AS value FROM " + table.name + " t WHERE " + value + " IS NOT NULL";
  if (after) rows += " AND (" + key_list(table) + ") > (" + key_parameters(table, 3) + ")";
  if (hot)
    rows +=
        " AND t." + table.recency + " >= " + parameter(after ? 3 + keys : 3, table.recency_type);
  rows += " ORDER BY " + key_list(table) + " LIMIT $2";
  std::string order, texts;
  for (std::size_t i = 0; i < keys; ++i) {
    order += (i == 0 ? "k" : ", k") + number(i);
    texts += "k" + number(i) + "::text, ";
  }
  return "SELECT " + texts + "fate::bigint, CASE WHEN fate = 1 THEN value END FROM (SELECT p.*," +
         " CASE WHEN " + start_of(table, "value") + " = ANY ($1) THEN 0" +
         " WHEN octet_length(value) > " + number(rotation::kItemBytesMax) + " THEN 2" +
         " WHEN sum(octet_length(value)) OVER w > " + number(kPageBytesMax) +
         " AND row_number() OVER w > 1 THEN 3 ELSE 1 END AS fate FROM (" + rows +
         ") p WINDOW w AS (ORDER BY " + order + " ROWS UNBOUNDED PRECEDING)) q ORDER BY " + order;
}

// Only what begins like an envelope is told apart: foreign values may be all different.
std::string census(const PostgresTable& table) {
  const std::string value = "t." + table.column;
  const std::string ours = table.text ? "left(" + value + ", 6) = 'kw1:xw'"
                                      : "substring(" + value + " from 1 for 2) = '\\xc701'";
  return "SELECT CASE WHEN " + ours + " THEN " + start_of(table, value) + " END, count(*) FROM " +
         table.name + " t WHERE " + value + " IS NOT NULL GROUP BY 1";
}

std::string replace(const PostgresTable& table) {
  const std::size_t keys = table.key.size();
  const std::string type = table.text ? "text[]" : "bytea[]";
  const std::string exact = table.text ? " COLLATE \"C\"" : "";
  std::string arrays, names, same;
  for (std::size_t i = 0; i < keys; ++i) {
    arrays += "$" + number(i + 1) + "::text[], ";
    names += "k" + number(i) + ", ";
    same += table.key[i].name + " = f.k" + number(i) + "::" + table.key[i].type + " AND ";
  }
  arrays += "$" + number(keys + 1) + "::" + type + ", $" + number(keys + 2) + "::" + type;
  const std::string still = same + "t." + table.column + exact + " = f.was" + exact;
  // NO KEY: rows that refer to this one by a foreign key may be written meanwhile.
  return "WITH f AS MATERIALIZED (SELECT f.* FROM unnest(" + arrays + ") WITH ORDINALITY AS f(" +
         names + "was, becomes, place) JOIN " + table.name + " t ON " + still +
         " FOR NO KEY UPDATE OF t SKIP LOCKED) UPDATE " + table.name + " t SET " + table.column +
         " = f.becomes FROM f WHERE " + still + " RETURNING f.place";
}

}  // namespace

PostgresStatements statements_of(const PostgresTable& table) {
  PostgresStatements made;
  made.first = page(table, false, false);
  made.next = page(table, true, false);
  made.census = census(table);
  made.replace = replace(table);
  made.look_up = "SELECT t." + table.column + " FROM " + table.name + " t WHERE (" +
                 key_list(table) + ") = (" + key_parameters(table, 1) + ")";
  if (table.recency.empty()) return made;
  made.hot_first = page(table, false, true);
  made.hot_next = page(table, true, true);
  made.hot_since = "SELECT (now() - $1 * interval '1 second')::" + table.recency_type + "::text";
  return made;
}

}  // namespace kw::connectors
