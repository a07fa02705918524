// Statements for many rows: one array per column, one round trip for all of them.
#include "store/engines/postgres_session.h"

namespace kw::store::engines {

namespace {

using Element = WireArray::Element;

// The type of a column is that of its first value.
Element element_of(const RowSet& rows, std::size_t column) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Param::Value& value = rows.row(i)[column].value();
    if (std::holds_alternative<std::string_view>(value)) return Element::kText;
    if (std::holds_alternative<ByteView>(value)) return Element::kBytea;
    if (std::holds_alternative<std::int64_t>(value)) return Element::kBigint;
  }
  return Element::kBigint;
}

std::string_view array_name(Element element) {
  if (element == Element::kText) return "text[]";
  return element == Element::kBytea ? "bytea[]" : "bigint[]";
}

unsigned array_type(Element element) {
  if (element == Element::kText) return kTextArray;
  return element == Element::kBytea ? kByteaArray : kBigintArray;
}

Result<WireArray> array_of(const RowSet& rows, std::size_t column, Element element) {
  WireArray array(element, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Param::Value& value = rows.row(i)[column].value();
    if (std::holds_alternative<std::monostate>(value)) {
      array.add_null();
    } else if (const auto* number = std::get_if<std::int64_t>(&value);
               number != nullptr && element == Element::kBigint) {
      array.add(*number);
    } else if (const auto* text = std::get_if<std::string_view>(&value);
               text != nullptr && element == Element::kText) {
      array.add(as_bytes(*text));
    } else if (const auto* bytes = std::get_if<ByteView>(&value);
               bytes != nullptr && element == Element::kBytea) {
      array.add(*bytes);
    } else {
      return error(Code::kInternal, "store_error", "a column of a row set has one type");
    }
  }
  return array;
}

std::string unnested(std::span<const Element> elements) {
  std::string source = "SELECT * FROM unnest(";
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) source += ", ";
    source += "$" + std::to_string(i + 1) + "::";
    source += array_name(elements[i]);
  }
  return source + ")";
}

}  // namespace

Status PostgresSession::send_rows(std::string_view sql, const RowSet& rows) {
  KW_OK(accept(rows));
  std::vector<Element> elements;
  std::string types;
  for (std::size_t column = 0; column < rows.columns(); ++column) {
    elements.push_back(element_of(rows, column));
    types += array_name(elements.back());
  }
  std::string& text = rows_sql_[{std::string(sql), types}];
  if (text.empty()) {
    auto whole = with_rows(sql, unnested(elements));
    if (!whole) return fail({Damage::kWork, false, std::move(whole).error()});
    text = *std::move(whole);
  }
  std::vector<WireArray> arrays;
  for (std::size_t column = 0; column < rows.columns(); ++column) {
    auto array = array_of(rows, column, elements[column]);
    if (!array) return fail({Damage::kWork, false, std::move(array).error()});
    arrays.push_back(*std::move(array));
  }
  WireParams params;
  for (std::size_t column = 0; column < rows.columns(); ++column)
    params.add_binary(array_type(elements[column]), arrays[column].bytes());
  wire_->send_statement(text, params);
  return ok();
}

Result<Rows> PostgresSession::query_rows(std::string_view sql, const RowSet& rows) {
  if (rows.empty()) return Rows();
  const bool first = !heard_;
  KW_OK(send_rows(sql, rows));
  auto result = answer();
  // As in query(): a pooled connection may have died in its sleep.
  if (!result && lost_ && first && role_ == Role::kReader) {
    wire_.reset();
    KW_OK(begin_snapshot());
    KW_OK(send_rows(sql, rows));
    result = answer();
  }
  if (!result) return std::move(result).error();
  auto found = wire_rows(result->get());
  if (!found) return fail({Damage::kWork, false, std::move(found).error()});
  return found;
}

Result<std::int64_t> PostgresSession::execute_rows(std::string_view sql, const RowSet& rows) {
  if (rows.empty()) return std::int64_t{0};
  KW_OK(send_rows(sql, rows));
  KW_TRY(const ResultHandle result, answer());
  return wire_changes(result.get());
}

Status PostgresSession::post_rows(std::string_view sql, const RowSet& rows) {
  if (rows.empty()) return ok();
  KW_OK(send_rows(sql, rows));
  posted_ = true;
  return ok();
}

}  // namespace kw::store::engines
