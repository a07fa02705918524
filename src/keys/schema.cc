// The room's tables. Released steps are never edited.
#include <array>

#include "keys/keyring.h"

namespace kw::keys {

namespace {

constexpr std::string_view kTenantsAndKeys = R"sql(
CREATE TABLE tenant (
  number BIGINT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  mac BYTEA NOT NULL
);
CREATE TABLE key_object (
  id BYTEA PRIMARY KEY,
  tenant BIGINT NOT NULL,
  name TEXT NOT NULL,
  purpose TEXT NOT NULL,
  exportable BIGINT NOT NULL,
  owner TEXT NOT NULL,
  classification BIGINT NOT NULL,
  regions TEXT NOT NULL,
  labels TEXT NOT NULL,
  lease_grace BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  primary_version BIGINT NOT NULL,
  next_version BIGINT NOT NULL,
  version_changes BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  mac BYTEA NOT NULL,
  UNIQUE (tenant, name)
);
CREATE INDEX key_object_created ON key_object (tenant, created_at, id);
CREATE INDEX key_object_any_name ON key_object (name, id);
CREATE INDEX key_object_any_created ON key_object (created_at, id);
CREATE TABLE key_version (
  key_id BYTEA NOT NULL,
  number BIGINT NOT NULL,
  algorithm BIGINT NOT NULL,
  state TEXT NOT NULL,
  state_before TEXT NOT NULL,
  suspended_from TEXT NOT NULL,
  cell BIGINT NOT NULL,
  public_key BYTEA NOT NULL,
  origin TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  promoted_at BIGINT,
  demoted_at BIGINT,
  destroy_after BIGINT,
  compromised_at BIGINT,
  reason TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  mac BYTEA NOT NULL,
  PRIMARY KEY (key_id, number)
);
CREATE UNIQUE INDEX key_version_one_primary ON key_version (key_id) WHERE state = 'primary';
CREATE INDEX key_version_destroy ON key_version (destroy_after) WHERE state = 'destroying';
CREATE TABLE key_label (
  key_id BYTEA NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (key_id, name)
);
CREATE TABLE key_alias (
  tenant BIGINT NOT NULL,
  name TEXT NOT NULL,
  key_name TEXT NOT NULL,
  mac BYTEA NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE INDEX key_alias_target ON key_alias (tenant, key_name);
)sql";

constexpr std::string_view kUsageAndJobs = R"sql(
CREATE TABLE key_usage (
  key_id BYTEA NOT NULL,
  version BIGINT NOT NULL,
  operation TEXT NOT NULL,
  caller TEXT NOT NULL,
  hour BIGINT NOT NULL,
  uses BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (key_id, hour, version, operation, caller)
);
CREATE TABLE usage_mark (
  node TEXT PRIMARY KEY,
  position BIGINT NOT NULL
);
CREATE TABLE message_budget (
  key_id BYTEA NOT NULL,
  version BIGINT NOT NULL,
  reserved BIGINT NOT NULL,
  PRIMARY KEY (key_id, version)
);
CREATE TABLE job (
  id BYTEA PRIMARY KEY,
  kind TEXT NOT NULL,
  tenant BIGINT NOT NULL,
  tenant_name TEXT NOT NULL,
  phase TEXT NOT NULL,
  state TEXT NOT NULL,
  from_version BIGINT NOT NULL,
  target_version BIGINT NOT NULL,
  cursor_at BIGINT NOT NULL,
  done BIGINT NOT NULL,
  total BIGINT NOT NULL,
  problem TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  epoch BIGINT NOT NULL
);
CREATE UNIQUE INDEX job_one_open ON job (kind, tenant)
  WHERE state IN ('running', 'paused', 'rolling_back', 'failed');
CREATE INDEX job_created ON job (created_at);
)sql";

// Totals per version, so that policies compare one row; older uses are counted in.
constexpr std::string_view kRolloutsAndTotals = R"sql(
ALTER TABLE key_object ADD COLUMN rollout_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE key_object ADD COLUMN rollout_percent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE key_object ADD COLUMN rollout_salt BYTEA;
CREATE TABLE key_usage_total (
  key_id BYTEA NOT NULL,
  version BIGINT NOT NULL,
  protects BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  last_protect_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (key_id, version)
);
INSERT INTO key_usage_total (key_id, version, protects, bytes, last_protect_at, last_at)
  SELECT key_id, version,
    SUM(CASE WHEN operation IN ('decrypt', 'verify', 'verify-mac') THEN 0 ELSE uses END), 0,
    MAX(CASE WHEN operation IN ('decrypt', 'verify', 'verify-mac') THEN 0 ELSE last_at END),
    MAX(last_at)
  FROM key_usage GROUP BY key_id, version;
ALTER TABLE message_budget ADD COLUMN reserved_bytes BIGINT NOT NULL DEFAULT 0;
CREATE TABLE key_rollout_health (
  key_id BYTEA NOT NULL,
  node TEXT NOT NULL,
  version BIGINT NOT NULL,
  percent BIGINT NOT NULL,
  old_operations BIGINT NOT NULL,
  old_errors BIGINT NOT NULL,
  old_times BYTEA NOT NULL,
  new_operations BIGINT NOT NULL,
  new_errors BIGINT NOT NULL,
  new_times BYTEA NOT NULL,
  wrong BIGINT NOT NULL,
  PRIMARY KEY (key_id, node)
);
)sql";

// Indexes for readers without credentials: by tenant and label, by tenant and kid. Not believed:
// the rows they lead to are.
constexpr std::string_view kPublicKeys = R"sql(
ALTER TABLE key_label ADD COLUMN tenant BIGINT NOT NULL DEFAULT 0;
UPDATE key_label SET tenant = (SELECT k.tenant FROM key_object k WHERE k.id = key_label.key_id);
CREATE INDEX key_label_tenant ON key_label (tenant, name, value, key_id);
CREATE TABLE key_kid (
  tenant BIGINT NOT NULL,
  kid TEXT NOT NULL,
  key_id BYTEA NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (tenant, kid, key_id, version)
);
)sql";

// Believed only with its MAC.
constexpr std::string_view kGrants = R"sql(
CREATE TABLE key_reencryption_grant (
  job BYTEA PRIMARY KEY,
  key_id BYTEA NOT NULL,
  versions BYTEA NOT NULL,
  until BIGINT NOT NULL,
  mac BYTEA NOT NULL
);
)sql";

// A rotation changes a key's row and nothing that is indexed. PostgreSQL then writes no index,
// where the page has room; keys that lie together rotate together.
constexpr std::string_view kRoomToRotate = R"sql(
/*postgres*/ ALTER TABLE key_object SET (fillfactor = 50);
)sql";

constexpr std::array<store::Migration, 6> kMigrations = {{{"keys", 1, kTenantsAndKeys},
                                                          {"keys", 2, kUsageAndJobs},
                                                          {"keys", 3, kRolloutsAndTotals},
                                                          {"keys", 4, kPublicKeys},
                                                          {"keys", 5, kGrants},
                                                          {"keys", 6, kRoomToRotate}}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

}  // namespace kw::keys
