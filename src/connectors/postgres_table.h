// What the catalogue says about a table and its column.
#pragma once

#include <string>
#include <vector>

#include "connectors/postgres_column.h"
#include "connectors/postgres_link.h"

namespace kw::connectors {

struct PostgresTable {
  struct KeyColumn {
    std::string name;  ///< quoted
    std::string type;  ///< quoted, with its schema
  };
  std::string name;    ///< quoted, with its schema
  std::string column;  ///< quoted
  bool text = false;   ///< the column holds kw1: texts, else bytes
  std::vector<KeyColumn> key;
  std::string recency, recency_type;  ///< quoted; "" for none
};

/// @errors kFailedPrecondition(no_table | no_column | column_type | no_primary_key | key_type |
///   has_triggers), and those of the link
Result<PostgresTable> describe(PostgresLink& link, const PostgresColumn& column);

}  // namespace kw::connectors
