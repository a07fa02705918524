// The tables of runs, schedule and consumers: step 2 of the room's schema.
#pragma once

#include <string_view>

namespace kw::rotation {

// rotation_schedule is a cache: the inventory and the policies say the same again. `held_until` and
// `failures` alone are its own: a subject whose run was rolled back waits before the next try.
inline constexpr std::string_view kRunTables = R"sql(
CREATE TABLE rotation_run (
  id BYTEA PRIMARY KEY,
  kind TEXT NOT NULL,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  state TEXT NOT NULL,
  resumes_to TEXT NOT NULL,
  undoing TEXT NOT NULL,
  started_by TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  from_version BIGINT NOT NULL,
  to_version BIGINT NOT NULL,
  algorithm TEXT NOT NULL,
  policy TEXT NOT NULL,
  policy_given BIGINT NOT NULL,
  urgency BIGINT NOT NULL,
  plan_hash TEXT NOT NULL,
  approval TEXT NOT NULL,
  percent BIGINT NOT NULL,
  salt BYTEA NOT NULL,
  attempts BIGINT NOT NULL,
  worked BIGINT NOT NULL,
  discarded BIGINT NOT NULL,
  problem TEXT NOT NULL,
  next_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  entered_at BIGINT NOT NULL,
  staged_at BIGINT,
  promoted_at BIGINT,
  finished_at BIGINT,
  epoch BIGINT NOT NULL
);
CREATE UNIQUE INDEX rotation_run_one_open ON rotation_run (kind, tenant, name)
  WHERE finished_at IS NULL;
CREATE INDEX rotation_run_due ON rotation_run (urgency, next_at) WHERE finished_at IS NULL;
CREATE INDEX rotation_run_created ON rotation_run (created_at, id);
CREATE INDEX rotation_run_tenant ON rotation_run (tenant, created_at, id);
CREATE TABLE rotation_step (
  run BYTEA NOT NULL,
  seq BIGINT NOT NULL,
  state TEXT NOT NULL,
  verb TEXT NOT NULL,
  outcome TEXT NOT NULL,
  at BIGINT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (run, seq)
);
CREATE TABLE rotation_schedule (
  kind TEXT NOT NULL,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  next_due BIGINT NOT NULL,
  why TEXT NOT NULL,
  urgency BIGINT NOT NULL,
  facts_epoch BIGINT NOT NULL,
  held_until BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  PRIMARY KEY (kind, tenant, name)
);
CREATE INDEX rotation_schedule_due ON rotation_schedule (urgency, next_due);
CREATE TABLE rotation_clock (
  id BIGINT PRIMARY KEY,
  seen_at BIGINT NOT NULL
);
CREATE TABLE rotation_consumer (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  environment TEXT NOT NULL,
  canary BIGINT NOT NULL,
  refresh_seconds BIGINT NOT NULL,
  lease_seconds BIGINT NOT NULL,
  registered_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE TABLE rotation_use (
  kind TEXT NOT NULL,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  consumer TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, name, consumer)
);
CREATE INDEX rotation_use_consumer ON rotation_use (tenant, consumer);
CREATE TABLE rotation_ack (
  kind TEXT NOT NULL,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  consumer TEXT NOT NULL,
  instance TEXT NOT NULL,
  version BIGINT NOT NULL,
  loaded_at BIGINT,
  used_at BIGINT,
  last_at BIGINT NOT NULL,
  observed_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, kind, name, consumer, instance, version)
);
)sql";

}  // namespace kw::rotation
