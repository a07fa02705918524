#include "rotation/migrations.h"

#include <vector>

#include "rotation/incident_schema.h"
#include "rotation/job_schema.h"
#include "rotation/run_tables.h"

namespace kw::rotation {
namespace {

// Times are microseconds since 1970 in UTC; epochs are compare-and-swap counters.
constexpr store::Migration kOwn[] = {
    {"rotation", 1,
     "CREATE TABLE rotation_policy (tenant TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,"
     " epoch BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,"
     " PRIMARY KEY (tenant, name))"},
    {"rotation", 2, kRunTables},
};

constexpr store::Migration kLaterMigrations[] = {
    {"rotation", 1, "ALTER TABLE rotation_ack ADD COLUMN failed_at BIGINT"},
    {"rotation", 2,
     "CREATE TABLE rotation_held_event (subject TEXT PRIMARY KEY, kind TEXT NOT NULL,"
     " tenant TEXT NOT NULL, name TEXT NOT NULL, event TEXT NOT NULL, reported_by TEXT NOT NULL,"
     " held_at BIGINT NOT NULL)"},
    {"rotation", 3, "ALTER TABLE rotation_consumer ADD COLUMN principal TEXT NOT NULL DEFAULT ''"},
    {"rotation", 4,
     "ALTER TABLE rotation_job ADD COLUMN last_failure TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE rotation_job ADD COLUMN last_failure_at BIGINT"},
};

// The parts of the room number their steps apart; the store counts 1, 2, 3 … Append only at the
// end once a step is released.
std::vector<store::Migration> in_order() {
  std::vector<store::Migration> all(std::begin(kOwn), std::end(kOwn));
  for (const std::span<const store::Migration> part :
       {std::span<const store::Migration>(kJobMigrations), incident_migrations(),
        std::span<const store::Migration>(kLaterMigrations)})
    all.insert(all.end(), part.begin(), part.end());
  for (std::size_t i = 0; i < all.size(); ++i) all[i].number = static_cast<int>(i + 1);
  return all;
}

}  // namespace

std::span<const store::Migration> migrations() {
  static const std::vector<store::Migration> kAll = in_order();
  return kAll;
}

}  // namespace kw::rotation
