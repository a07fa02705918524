// @source PostgreSQL 15: src/include/catalog/pg_type.dat (type numbers), 34.3 (binary formats).
#include "store/engines/postgres_value.h"

#include <libpq-fe.h>

#include <charconv>

namespace kw::store::engines {

namespace {

enum Type : Oid {
  kUndetermined = 0,
  kBool = 16,
  kBytea = 17,
  kName = 19,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kVarchar = 1043,
  kNumeric = 1700,
};
constexpr int kTextFormat = 0;
constexpr int kBinaryFormat = 1;

Error unknown_type() {
  return error(Code::kInternal, "store_error", "a column that is not BIGINT, TEXT or BYTEA");
}

// Sign-extends the one, two, four or eight bytes of an integer.
Result<std::int64_t> read_integer(ByteView bytes) {
  if (bytes.empty() || bytes.size() > 8) return unknown_type();
  std::uint64_t value = (bytes[0] & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (const std::uint8_t byte : bytes) value = (value << 8U) | byte;
  return static_cast<std::int64_t>(value);
}

// sum(BIGINT) is NUMERIC: digits to the base 10,000, the first with the power `weight`.
Result<std::int64_t> read_numeric(ByteView bytes) {
  constexpr std::uint16_t kNegative = 0x4000;
  ByteReader reader(bytes);
  KW_TRY(auto count, reader.u16());
  KW_TRY(auto raw_weight, reader.u16());
  KW_TRY(auto sign, reader.u16());
  KW_TRY(auto scale, reader.u16());
  const int weight = static_cast<std::int16_t>(raw_weight);
  // Five digits reach beyond 64 bits; fractions and NaN are no integers.
  if (scale != 0 || weight > 4 || count > weight + 1 || (sign & ~kNegative) != 0)
    return unknown_type();
  std::int64_t value = 0;
  for (int place = 0; place <= weight; ++place) {
    std::int64_t digit = 0;
    if (place < count) {
      KW_TRY(digit, reader.u16());
    }
    // Negative numbers reach one further.
    if (__builtin_mul_overflow(value, std::int64_t{10'000}, &value) ||
        __builtin_sub_overflow(value, digit, &value))
      return unknown_type();
  }
  if (sign == kNegative) return value;
  if (value == INT64_MIN) return unknown_type();
  return -value;
}

Result<Row::Value> read_value(Oid type, ByteView bytes) {
  switch (type) {
    case kBool:
    case kInt2:
    case kInt4:
    case kInt8: {
      KW_TRY(auto number, read_integer(bytes));
      return Row::Value(number);
    }
    case kNumeric: {
      KW_TRY(auto number, read_numeric(bytes));
      return Row::Value(number);
    }
    case kText:
    case kVarchar:
    case kName:
      return Row::Value(std::string(as_text(bytes)));
    case kBytea:
      return Row::Value(to_bytes(bytes));
    default:
      return unknown_type();
  }
}

Result<Row::Value> read_field(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return Row::Value(std::monostate{});
  const auto length = static_cast<std::size_t>(PQgetlength(result, row, column));
  return read_value(PQftype(result, column), as_bytes({PQgetvalue(result, row, column), length}));
}

}  // namespace

WireParams::WireParams(Params params) {
  for (const Param& param : params) {
    const Param::Value& value = param.value();
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      add_number(*number);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      // Binary: the text form of libpq would end at a NUL.
      add(kText, text->empty() ? "" : text->data(), text->size(), kBinaryFormat);
    } else if (const auto* bytes = std::get_if<ByteView>(&value)) {
      add_binary(kBytea, *bytes);
    } else {
      add(kUndetermined, nullptr, 0, kBinaryFormat);
    }
  }
}

void WireParams::add(unsigned type, const char* value, std::size_t length, int format) {
  types_.push_back(type);
  values_.push_back(value);
  lengths_.push_back(static_cast<int>(length));
  formats_.push_back(format);
}

void WireParams::add_binary(unsigned type, ByteView value) {
  // A null pointer would mean NULL.
  add(type, value.empty() ? "" : as_text(value).data(), value.size(), kBinaryFormat);
}

// As text: a statement that was prepared with NULL here may have been given a narrower type.
void WireParams::add_number(std::int64_t number) {
  auto& digits = digits_.emplace_back();
  *std::to_chars(digits.data(), digits.data() + digits.size() - 1, number).ptr = '\0';
  add(kInt8, digits.data(), 0, kTextFormat);
}

WireArray::WireArray(Element element, std::size_t count) {
  // One dimension, perhaps with nulls, numbered from 1.
  writer_.u32(1).u32(1).u32(static_cast<std::uint32_t>(element));
  writer_.u32(static_cast<std::uint32_t>(count)).u32(1);
}

Result<Rows> wire_rows(const pg_result* result) {
  const int count = PQntuples(result);
  const int columns = PQnfields(result);
  Rows rows;
  rows.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    std::vector<Row::Value> values;
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      KW_TRY(Row::Value value, read_field(result, row, column));
      values.push_back(std::move(value));
    }
    rows.emplace_back(std::move(values));
  }
  return rows;
}

std::int64_t wire_changes(pg_result* result) {
  const std::string_view text = PQcmdTuples(result);
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

}  // namespace kw::store::engines
