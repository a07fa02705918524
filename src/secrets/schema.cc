#include "secrets/schema.h"

#include <array>

namespace kw::secrets {

namespace {

// secret_reference and secret_fingerprint are indexes: what they lead to is checked.
constexpr std::string_view kSecrets = R"sql(
CREATE TABLE secret_object (
  id BYTEA PRIMARY KEY,
  tenant BIGINT NOT NULL,
  tenant_name TEXT NOT NULL,
  path TEXT NOT NULL,
  shape TEXT NOT NULL,
  type TEXT NOT NULL,
  owner TEXT NOT NULL,
  classification TEXT NOT NULL,
  description TEXT NOT NULL,
  regions TEXT NOT NULL,
  labels TEXT NOT NULL,
  generator TEXT NOT NULL,
  template TEXT NOT NULL,
  target TEXT NOT NULL,
  account TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  deleted_at BIGINT,
  primary_version BIGINT NOT NULL,
  rollout_version BIGINT NOT NULL,
  rollout_percent BIGINT NOT NULL,
  rollout_salt BYTEA NOT NULL,
  next_version BIGINT NOT NULL,
  version_changes BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  mac BYTEA NOT NULL,
  UNIQUE (tenant, path)
);
CREATE INDEX secret_object_target ON secret_object (tenant, target, path);
CREATE TABLE secret_version (
  secret_id BYTEA NOT NULL,
  number BIGINT NOT NULL,
  state TEXT NOT NULL,
  state_before TEXT NOT NULL,
  suspended_from TEXT NOT NULL,
  cell BIGINT NOT NULL,
  origin TEXT NOT NULL,
  principal TEXT NOT NULL,
  sources TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  promoted_at BIGINT,
  demoted_at BIGINT,
  destroy_after BIGINT,
  compromised_at BIGINT,
  expires_at BIGINT,
  reason TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  mac BYTEA NOT NULL,
  PRIMARY KEY (secret_id, number)
);
CREATE UNIQUE INDEX secret_version_one_primary ON secret_version (secret_id) WHERE state = 'primary';
CREATE INDEX secret_version_destroy ON secret_version (destroy_after) WHERE state = 'destroying';
CREATE TABLE secret_fingerprint (
  fingerprint BYTEA NOT NULL,
  secret_id BYTEA NOT NULL,
  version BIGINT NOT NULL,
  field TEXT NOT NULL,
  PRIMARY KEY (fingerprint, secret_id, version, field)
);
CREATE INDEX secret_fingerprint_version ON secret_fingerprint (secret_id, version);
CREATE TABLE secret_reference (
  tenant BIGINT NOT NULL,
  source TEXT NOT NULL,
  secret_id BYTEA NOT NULL,
  PRIMARY KEY (tenant, source, secret_id)
);
CREATE INDEX secret_reference_secret ON secret_reference (secret_id);
CREATE TABLE secret_usage (
  secret_id BYTEA NOT NULL,
  version BIGINT NOT NULL,
  caller TEXT NOT NULL,
  hour BIGINT NOT NULL,
  uses BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (secret_id, version, caller, hour)
);
)sql";

constexpr std::string_view kTargets = R"sql(
CREATE TABLE secret_target (
  tenant BIGINT NOT NULL,
  tenant_name TEXT NOT NULL,
  name TEXT NOT NULL,
  connector TEXT NOT NULL,
  settings TEXT NOT NULL,
  admin_secret TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  mac BYTEA NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE INDEX secret_object_inventory ON secret_object (tenant_name, path);
)sql";

constexpr std::string_view kLeases = R"sql(
CREATE TABLE lease_role (
  tenant BIGINT NOT NULL,
  tenant_name TEXT NOT NULL,
  name TEXT NOT NULL,
  target TEXT NOT NULL,
  settings TEXT NOT NULL,
  generator TEXT NOT NULL,
  ttl BIGINT NOT NULL,
  ttl_max BIGINT NOT NULL,
  leases_max BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  mac BYTEA NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE TABLE lease_row (
  id BYTEA PRIMARY KEY,
  tenant BIGINT NOT NULL,
  tenant_name TEXT NOT NULL,
  role TEXT NOT NULL,
  target TEXT NOT NULL,
  settings TEXT NOT NULL,
  principal TEXT NOT NULL,
  caller TEXT NOT NULL,
  state TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  cell BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  problem TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  mac BYTEA NOT NULL
);
CREATE INDEX lease_row_due ON lease_row (next_at) WHERE state <> 'revoked';
CREATE INDEX lease_row_open ON lease_row (tenant, role) WHERE state <> 'revoked';
CREATE INDEX lease_row_principal ON lease_row (principal);
)sql";

constexpr std::string_view kByHand = R"sql(
ALTER TABLE secret_object ADD COLUMN instructions TEXT NOT NULL DEFAULT '';
ALTER TABLE secret_version ADD COLUMN note TEXT NOT NULL DEFAULT '';
)sql";

constexpr std::array<store::Migration, 4> kMigrations = {{{"secrets", 1, kSecrets},
                                                          {"secrets", 2, kTargets},
                                                          {"secrets", 3, kLeases},
                                                          {"secrets", 4, kByHand}}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

}  // namespace kw::secrets
