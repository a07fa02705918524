// Portable schema text, turned into the statements of one engine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kw::store {

/// How an engine spells what the portable text says.
struct Dialect {
  std::string_view bigint;
  std::string_view bytea;
  std::string_view cells;      ///< replaces the marker /*cells*/
  std::string_view table_end;  ///< added to each CREATE TABLE
  bool postgres = false;       ///< keeps the statements that /*postgres*/ marks
};

/// The statements of `sql`, without comments.
/// @errors kInvalidArgument(bad_migration): types that engines size differently (INT, INTEGER), or
/// a
///   quote or comment that does not end.
Result<std::vector<std::string>> portable_statements(std::string_view sql, const Dialect& dialect);

}  // namespace kw::store
