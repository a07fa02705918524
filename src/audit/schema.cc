#include <array>

#include "audit/change_log.h"

namespace kw::audit {

namespace {

// audit_head has one row from the start: locking it is what serialises the nodes. Its frontier is
// null for the empty tree.
constexpr std::array<store::Migration, 1> kMigrations = {{{"audit", 1, R"sql(
CREATE TABLE audit_leaf (
  seq BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  tenant TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  object TEXT NOT NULL,
  leaf TEXT NOT NULL
);
CREATE INDEX audit_leaf_by_tenant ON audit_leaf (tenant, seq);
CREATE INDEX audit_leaf_by_actor ON audit_leaf (actor, seq);
CREATE INDEX audit_leaf_by_object ON audit_leaf (kind, object, seq);
CREATE INDEX audit_leaf_by_time ON audit_leaf (at, seq);
CREATE TABLE audit_head (
  id BIGINT PRIMARY KEY,
  size BIGINT NOT NULL,
  frontier BYTEA
);
INSERT INTO audit_head (id, size, frontier) VALUES (1, 0, NULL);
CREATE TABLE audit_hash (
  level BIGINT NOT NULL,
  place BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  PRIMARY KEY (level, place)
);
CREATE TABLE audit_checkpoint (
  size BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  note TEXT NOT NULL
);
CREATE TABLE audit_signer (
  id BIGINT PRIMARY KEY,
  cell BIGINT NOT NULL,
  public_key BYTEA NOT NULL,
  created_at BIGINT NOT NULL
)
)sql"}}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

}  // namespace kw::audit
