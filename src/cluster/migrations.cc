#include "cluster/cluster.h"

namespace kw::cluster {

namespace {

constexpr store::Migration kMigrations[] = {
    {"cluster", 1,
     "CREATE TABLE lease ("
     " name TEXT PRIMARY KEY, holder TEXT NOT NULL, fence BIGINT NOT NULL,"
     " expires_at BIGINT NOT NULL);"
     "CREATE TABLE change_epoch (id BIGINT PRIMARY KEY, epoch BIGINT NOT NULL);"
     "INSERT INTO change_epoch (id, epoch) VALUES (1, 0);"
     "CREATE TABLE change (epoch BIGINT PRIMARY KEY, what TEXT NOT NULL)"},
};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

}  // namespace kw::cluster
