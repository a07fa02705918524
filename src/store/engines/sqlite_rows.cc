// Statements for many rows, one row at a time.
//
// The statement is turned into its plain form for one row: `INSERT … SELECT` and `UPDATE … FROM`
// make SQLite keep a journal of every page they touch so that they can be undone in the middle, and
// a join with a table of rows fills that table first; each costs more than the work itself
// (https://www.sqlite.org/tempfiles.html, 2.5 and 2.9).
#include <algorithm>

#include "store/engines/sqlite_session.h"

namespace kw::store::engines {

namespace {

constexpr std::string_view kBegin = "WITH r (";
constexpr std::string_view kEnd = ") AS (/*rows*/) ";

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::vector<std::string_view> names_of(std::string_view list) {
  std::vector<std::string_view> names;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, comma);
    name.remove_prefix(std::min(name.find_first_not_of(" \n"), name.size()));
    names.push_back(name);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return names;
}

std::string all_parameters(std::size_t count) {
  std::string text;
  for (std::size_t i = 1; i <= count; ++i) {
    if (i > 1) text += ", ";
    text += "$" + std::to_string(i);
  }
  return text;
}

// `r.name` becomes the parameter of that place, `r.*` all of them.
Result<std::string> with_parameters(std::string_view text,
                                    const std::vector<std::string_view>& names) {
  std::string out;
  while (!text.empty()) {
    const bool row = text.starts_with("r.") && (out.empty() || !is_word(out.back()));
    if (!row) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(2);
    if (text.starts_with("*")) {
      out += all_parameters(names.size());
      text.remove_prefix(1);
      continue;
    }
    const auto length = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), is_word) - text.begin());
    const auto found = std::find(names.begin(), names.end(), text.substr(0, length));
    if (found == names.end())
      return error(Code::kInternal, "store_error", "a bulk statement names no column of its rows");
    out += "$" + std::to_string(found - names.begin() + 1);
    text.remove_prefix(length);
  }
  return out;
}

bool replace(std::string& text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  if (at == text.npos) return false;
  text.replace(at, what.size(), by);
  return true;
}

// The change `rest` of the rows `names`, as a statement for one of them.
Result<std::string> plain_change(std::string_view rest,
                                 const std::vector<std::string_view>& names) {
  KW_TRY(std::string text, with_parameters(rest, names));
  bool plain = false;
  if (text.starts_with("INSERT")) {
    if (!replace(text, " FROM r WHERE true", ")") && text.ends_with(" FROM r"))
      text.replace(text.size() - 7, 7, ")");
    plain = replace(text, " SELECT ", " VALUES (");
  } else {
    plain = replace(text, " FROM r WHERE ", " WHERE ");
  }
  if (plain) return text;
  return error(Code::kInternal, "store_error",
               "a bulk change has another form than row_set.h says");
}

// `FROM r JOIN t ON condition …` becomes `FROM t … WHERE condition`.
Result<std::string> plain_query(std::string_view rest, const std::vector<std::string_view>& names) {
  constexpr std::string_view kJoin = " FROM r JOIN ", kOn = " ON ", kWhere = " WHERE ";
  KW_TRY(const std::string text, with_parameters(rest, names));
  const auto join = text.find(kJoin), on = text.find(kOn, join);
  if (join == text.npos || on == text.npos)
    return error(Code::kInternal, "store_error",
                 "a bulk query has another form than row_set.h says");
  const auto begin = on + kOn.size();
  auto end = text.size();
  for (const std::string_view next :
       {std::string_view(" LEFT JOIN "), std::string_view(" JOIN "), kWhere})
    end = std::min(end, text.find(next, begin));
  const std::string condition = text.substr(begin, end - begin);
  const std::string table = text.substr(join + kJoin.size(), on - join - kJoin.size());
  std::string tail = text.substr(end);
  if (!replace(tail, kWhere, " WHERE " + condition + " AND ")) tail += " WHERE " + condition;
  return text.substr(0, join) + " FROM " + table + tail;
}

Result<std::string> one_row(std::string_view sql, std::size_t columns) {
  const auto end = sql.find(kEnd);
  if (!sql.starts_with(kBegin) || end == sql.npos)
    return error(Code::kInternal, "store_error", "a bulk statement begins with its rows");
  const auto names = names_of(sql.substr(kBegin.size(), end - kBegin.size()));
  const std::string_view rest = sql.substr(end + kEnd.size());
  if (names.size() != columns)
    return error(Code::kInternal, "store_error", "a bulk statement wants other columns");
  return rest.starts_with("SELECT") ? plain_query(rest, names) : plain_change(rest, names);
}

}  // namespace

Result<SqliteSession::Prepared*> SqliteSession::prepare_rows(std::string_view sql,
                                                             std::size_t columns) {
  if (Prepared* known = statements_.find(sql)) return known;
  auto text = one_row(sql, columns);
  if (!text) return fail({Damage::kWork, false, std::move(text).error()});
  return compile(sql, *text);
}

Result<Rows> SqliteSession::query_rows(std::string_view sql, const RowSet& rows) {
  KW_OK(accept(rows));
  KW_TRY(Prepared * prepared, prepare_rows(sql, rows.columns()));
  Rows all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    KW_TRY(sqlite3_stmt * statement, bound(*prepared, rows.row(i)));
    KW_OK(collect(statement, all));
  }
  return all;
}

Result<std::int64_t> SqliteSession::execute_rows(std::string_view sql, const RowSet& rows) {
  KW_OK(accept(rows));
  KW_TRY(Prepared * prepared, prepare_rows(sql, rows.columns()));
  std::int64_t changed = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    KW_TRY(sqlite3_stmt * statement, bound(*prepared, rows.row(i)));
    KW_TRY(const std::int64_t one, change(statement));
    changed += one;
  }
  return changed;
}

}  // namespace kw::store::engines
