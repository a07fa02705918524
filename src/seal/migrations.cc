#include "seal/seal.h"

namespace kw::seal {

namespace {

constexpr store::Migration kMigrations[] = {
    // One row at most: the root key is wrapped by exactly one seal, and replacing it is one UPDATE.
    {"seal", 1,
     "CREATE TABLE seal_config ("
     " id BIGINT PRIMARY KEY, kind TEXT NOT NULL, seal_id BYTEA NOT NULL, shares BIGINT NOT NULL,"
     " threshold BIGINT NOT NULL, wrapped BYTEA NOT NULL, key_check BYTEA NOT NULL,"
     " created_at BIGINT NOT NULL)"},
    {"seal", 2,
     "CREATE TABLE kek ("
     " tenant BIGINT NOT NULL, version BIGINT NOT NULL, state TEXT NOT NULL,"
     " wrapped BYTEA NOT NULL, created_at BIGINT NOT NULL, epoch BIGINT NOT NULL,"
     " mac BYTEA NOT NULL, PRIMARY KEY (tenant, version));"
     "CREATE UNIQUE INDEX kek_one_primary ON kek (tenant) WHERE state = 'primary';"
     "CREATE TABLE sealed_head (tenant BIGINT PRIMARY KEY, next BIGINT NOT NULL);"
     "CREATE TABLE sealed_cell (id BIGINT PRIMARY KEY, cell BYTEA NOT NULL) /*cells*/"},
    // Heads that lie together move together: as half-full pages, without new index entries.
    {"seal", 3, "/*postgres*/ ALTER TABLE sealed_head SET (fillfactor = 50)"},
};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

}  // namespace kw::seal
