#include "rotation/incident_schema.h"

namespace kw::rotation {
namespace {

// Times are microseconds since 1970 in UTC; epochs are compare-and-swap counters.
constexpr store::Migration kMigrations[] = {
    {"rotation", 1,
     "CREATE TABLE rotation_edge (from_node TEXT NOT NULL, to_node TEXT NOT NULL,"
     " type TEXT NOT NULL, breaks BIGINT NOT NULL, approval TEXT NOT NULL,"
     " PRIMARY KEY (from_node, to_node, type));"
     "CREATE TABLE rotation_graph (id BIGINT PRIMARY KEY, revision BYTEA NOT NULL)"},
    {"rotation", 2,
     "CREATE TABLE evidence_entry (object TEXT NOT NULL, seq BIGINT NOT NULL, at BIGINT NOT NULL,"
     " who TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL, hash TEXT NOT NULL,"
     " PRIMARY KEY (object, seq));"
     "CREATE TABLE ceremony (id BYTEA PRIMARY KEY, opened_at BIGINT NOT NULL, body TEXT NOT NULL,"
     " epoch BIGINT NOT NULL, mac BYTEA NOT NULL);"
     "CREATE INDEX ceremony_opened ON ceremony (opened_at)"},
    {"rotation", 3,
     "CREATE TABLE incident (id BYTEA PRIMARY KEY, open BIGINT NOT NULL, opened_at BIGINT NOT NULL,"
     " body TEXT NOT NULL, report TEXT NOT NULL, evidence TEXT NOT NULL, epoch BIGINT NOT NULL,"
     " mac BYTEA NOT NULL);"
     "CREATE INDEX incident_open ON incident (open, opened_at);"
     "CREATE TABLE incident_item (incident BYTEA NOT NULL, position BIGINT NOT NULL,"
     " body TEXT NOT NULL, PRIMARY KEY (incident, position));"
     "CREATE TABLE incident_freeze (subject TEXT NOT NULL, incident BYTEA NOT NULL,"
     " PRIMARY KEY (subject, incident))"},
};

}  // namespace

std::span<const store::Migration> incident_migrations() {
  return kMigrations;
}

}  // namespace kw::rotation
