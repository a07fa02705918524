#include <array>

#include "auth/access.h"

namespace kw::auth {
namespace {

// Times are microseconds since 1970 in UTC. `epoch` is the number of the access change that wrote
// the row.
constexpr std::array<store::Migration, 2> kMigrations = {{
    {"auth", 1,
     "CREATE TABLE access_change (id BIGINT PRIMARY KEY, number BIGINT NOT NULL);"
     "INSERT INTO access_change (id, number) VALUES (1, 0);"
     "CREATE TABLE clock_high_water (id BIGINT PRIMARY KEY, at BIGINT NOT NULL, mac BYTEA NOT "
     "NULL);"
     "CREATE TABLE principal (name TEXT PRIMARY KEY, folded TEXT NOT NULL UNIQUE, grants TEXT NOT "
     "NULL,"
     " certificate_name TEXT NOT NULL, disabled BIGINT NOT NULL, epoch BIGINT NOT NULL,"
     " created_at BIGINT NOT NULL, mac BYTEA NOT NULL);"
     "CREATE UNIQUE INDEX principal_certificate ON principal (certificate_name) WHERE "
     "certificate_name <> '';"
     "CREATE INDEX principal_epoch ON principal (epoch);"
     "CREATE TABLE token (token_mac BYTEA PRIMARY KEY, accessor TEXT NOT NULL UNIQUE, principal "
     "TEXT NOT NULL,"
     " created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, idle_seconds BIGINT NOT NULL,"
     " last_used_at BIGINT NOT NULL, revoked_at BIGINT NOT NULL, certificate_sha256 TEXT NOT NULL,"
     " epoch BIGINT NOT NULL, mac BYTEA NOT NULL);"
     "CREATE INDEX token_principal ON token (principal, accessor);"
     "CREATE INDEX token_epoch ON token (epoch);"
     "CREATE INDEX token_expiry ON token (expires_at);"
     "CREATE TABLE access_policy (tenant TEXT NOT NULL, name TEXT NOT NULL, yaml TEXT NOT NULL,"
     " removed BIGINT NOT NULL, epoch BIGINT NOT NULL, mac BYTEA NOT NULL, PRIMARY KEY (tenant, "
     "name));"
     "CREATE INDEX access_policy_epoch ON access_policy (epoch);"},
    {"auth", 2,
     "CREATE TABLE approval (id BYTEA PRIMARY KEY, operation TEXT NOT NULL, tenant TEXT NOT NULL,"
     " object TEXT NOT NULL, summary TEXT NOT NULL, request_hash BYTEA NOT NULL, requester TEXT "
     "NOT NULL,"
     " needed BIGINT NOT NULL, state BIGINT NOT NULL, created_at BIGINT NOT NULL, expires_at "
     "BIGINT NOT NULL,"
     " epoch BIGINT NOT NULL, mac BYTEA NOT NULL);"
     "CREATE INDEX approval_requester ON approval (requester, expires_at);"
     "CREATE INDEX approval_tenant ON approval (tenant, created_at, id);"
     "CREATE TABLE approval_vote (approval BYTEA NOT NULL, approver TEXT NOT NULL, approver_epoch "
     "BIGINT NOT NULL,"
     " voted_at BIGINT NOT NULL, mac BYTEA NOT NULL, PRIMARY KEY (approval, approver));"},
}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

}  // namespace kw::auth
