// A column of a PostgreSQL table as a place of ciphertexts (docs/guide/reencryption.md).
//
// Rows are read without locks, in the order of the primary key, and written in one short
// transaction per batch: only rows that nobody holds (SKIP LOCKED) and that still are what was read
// (compare-and-swap), together with the job's checkpoint, which lies in the target database. What
// was held or changed is left alone and counted; the census finds it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "connectors/place_names.h"
#include "connectors/postgres_terms.h"
#include "rotation/reencryption.h"

namespace kw::connectors {

struct PostgresColumn {
  /// UPDATE triggers of the table that re-encryption would fire: history tables, updated_at.
  enum class Triggers : std::uint8_t {
    kRefuse,  ///< there must be none
    kFire,    ///< they may run
    kSkip,    ///< they must not run: needs the right to set session_replication_role
  };

  PostgresTerms terms;
  std::string schema = "public", table, column;  ///< as in the catalogue, not quoted
  std::string recency_column;                    ///< tells hot rows; "" for none
  std::chrono::seconds hot{24 * 3600};           ///< rows younger than this go first
  Triggers triggers = Triggers::kRefuse;
  /// Names: tenant, store, schema, table, column, pk. `pk` is the primary key as text; of several
  /// columns, a JSON array of texts.
  std::string aad = "{tenant}/{table}/{column}/{pk}";
  std::string own_schema = "keywright";  ///< where the checkpoint lies; made when it may be
};

/// What can be said without the database. @errors kInvalidArgument(bad_url | bad_aad | bad_name)
Status check(const PostgresColumn& column);
/// Connects and looks at the table.
/// @errors kUnavailable(target_unavailable), kFailedPrecondition(no_table | no_column |
///   column_type | no_primary_key | key_type | has_triggers | target_permission | target_refused |
///   password_file)
Result<std::unique_ptr<rotation::DataStore>> open_postgres_column(const PostgresColumn& column,
                                                                  const PlaceNames& names);

}  // namespace kw::connectors
