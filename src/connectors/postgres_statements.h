// The statements of one table. Identifiers come quoted from the catalogue; everything else is a
// parameter. Pure functions of the table.
#pragma once

#include <string>

#include "connectors/postgres_table.h"

namespace kw::connectors {

/// What became of a row of a page.
enum class RowFate : std::int64_t { kOnTarget = 0, kHere = 1, kTooLarge = 2, kNextTime = 3 };

struct PostgresStatements {
  /// Rows after a key: key columns as text, fate, value where the fate is kHere.
  /// $1 starts of envelopes under the target, $2 limit, $3 … key ("" key: `first` without them),
  /// last: since when a row is hot (only the hot ones).
  std::string first, next, hot_first, hot_next;
  /// How many rows begin alike: start of the value or NULL, count.
  std::string census;
  /// Writes where nobody holds and nobody changed: places of the written ones, from 1.
  /// $1 … key columns, then old and new values, as arrays.
  std::string replace;
  /// A row by its key ($1 …), as an application would read it.
  std::string look_up;
  /// Now less $1 seconds, as text of the recency column's type.
  std::string hot_since;
};

PostgresStatements statements_of(const PostgresTable& table);

}  // namespace kw::connectors
