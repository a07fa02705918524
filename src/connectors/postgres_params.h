// Parameters of a statement in PostgreSQL's binary form, and the rows that come back.
// @source PostgreSQL 15 documentation, 34.3 and 55.7; arrays: src/include/utils/array.h.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace kw::connectors {

/// Values copied in, in the order $1, $2 …
class PostgresParams {
 public:
  PostgresParams& text(std::string_view value);
  PostgresParams& bytes(ByteView value);
  PostgresParams& integer(std::int64_t value);
  PostgresParams& texts(const std::vector<std::string_view>& values);
  PostgresParams& byte_strings(const std::vector<ByteView>& values);

  int count() const { return static_cast<int>(values_.size()); }

 private:
  friend class PostgresLink;
  friend class PostgresSession;
  struct Value {
    unsigned type = 0;
    Bytes content;
  };
  PostgresParams& add(unsigned type, Bytes content);
  PostgresParams& array(unsigned type, unsigned element, const std::vector<ByteView>& values);
  std::vector<Value> values_;
};

/// The answer to one statement. Reading a column as another type than the statement gives aborts.
class PostgresRows {
 public:
  explicit PostgresRows(PGresult* result) : result_(result) {}
  int size() const { return PQntuples(result_.get()); }
  std::int64_t changed() const;  ///< rows that an UPDATE or INSERT touched
  bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) == 1; }
  /// Borrowed while this object lives.
  ByteView bytes(int row, int column) const;
  std::string_view text(int row, int column) const { return as_text(bytes(row, column)); }
  std::int64_t integer(int row, int column) const;  ///< of a bigint

 private:
  struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

}  // namespace kw::connectors
