#include "connectors/postgres_params.h"

#include <cstdlib>

#include "base/check.h"

namespace kw::connectors {

namespace {

// Numbers of the built-in types (pg_type.dat): fixed for ever.
constexpr unsigned kBytea = 17, kBigint = 20, kText = 25, kByteas = 1001, kTexts = 1009;

}  // namespace

PostgresParams& PostgresParams::add(unsigned type, Bytes content) {
  values_.push_back({type, std::move(content)});
  return *this;
}

PostgresParams& PostgresParams::text(std::string_view value) {
  return add(kText, to_bytes(as_bytes(value)));
}
PostgresParams& PostgresParams::bytes(ByteView value) {
  return add(kBytea, to_bytes(value));
}
PostgresParams& PostgresParams::integer(std::int64_t value) {
  ByteWriter number;
  number.u64(static_cast<std::uint64_t>(value));
  return add(kBigint, std::move(number).bytes());
}

// One dimension, no nulls, counted from 1.
PostgresParams& PostgresParams::array(unsigned type, unsigned element,
                                      const std::vector<ByteView>& values) {
  ByteWriter made;
  made.u32(values.empty() ? 0 : 1).u32(0).u32(element);
  if (!values.empty()) made.u32(static_cast<std::uint32_t>(values.size())).u32(1);
  for (const ByteView value : values) made.field(value);
  return add(type, std::move(made).bytes());
}

PostgresParams& PostgresParams::texts(const std::vector<std::string_view>& values) {
  std::vector<ByteView> views;
  views.reserve(values.size());
  for (const std::string_view value : values) views.push_back(as_bytes(value));
  return array(kTexts, kText, views);
}
PostgresParams& PostgresParams::byte_strings(const std::vector<ByteView>& values) {
  return array(kByteas, kBytea, values);
}

std::int64_t PostgresRows::changed() const {
  const char* count = PQcmdTuples(result_.get());
  return *count == '\0' ? 0 : std::strtoll(count, nullptr, 10);
}

ByteView PostgresRows::bytes(int row, int column) const {
  return {reinterpret_cast<const std::uint8_t*>(PQgetvalue(result_.get(), row, column)),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t PostgresRows::integer(int row, int column) const {
  KW_CHECK(PQftype(result_.get(), column) == kBigint);
  const auto value = ByteReader(bytes(row, column)).u64();
  KW_CHECK(value.has_value());
  return static_cast<std::int64_t>(*value);
}

}  // namespace kw::connectors
