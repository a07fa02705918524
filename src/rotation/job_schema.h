// Tables of jobs, quarantine and counted references. Part of migrations().
#pragma once

#include "store/store.h"

namespace kw::rotation {

inline constexpr store::Migration kJobMigrations[] = {
    // Times are microseconds since 1970 in UTC, durations milliseconds; -1: unknown.
    {"rotation", 1,
     "CREATE TABLE rotation_job (id BYTEA NOT NULL PRIMARY KEY, kind TEXT NOT NULL,"
     " tenant TEXT NOT NULL, subject TEXT NOT NULL, place TEXT NOT NULL,"
     " from_version BIGINT NOT NULL, target_version BIGINT NOT NULL, state TEXT NOT NULL,"
     " phase TEXT NOT NULL, pass BIGINT NOT NULL, cursor_at TEXT NOT NULL, total BIGINT NOT NULL,"
     " done BIGINT NOT NULL, rewritten BIGINT NOT NULL, skipped BIGINT NOT NULL,"
     " cas_lost BIGINT NOT NULL, quarantined BIGINT NOT NULL, digest BYTEA NOT NULL,"
     " per_second_max BIGINT NOT NULL, foreground_percent_max BIGINT NOT NULL,"
     " lag_max BIGINT NOT NULL, rate_milli BIGINT NOT NULL,"
     " foreground_milli BIGINT NOT NULL, eta_p50 BIGINT NOT NULL,"
     " eta_p90 BIGINT NOT NULL, problem TEXT NOT NULL, created_at BIGINT NOT NULL,"
     " updated_at BIGINT NOT NULL, epoch BIGINT NOT NULL);"
     "CREATE INDEX rotation_job_newest ON rotation_job (created_at);"
     "CREATE UNIQUE INDEX rotation_job_open ON rotation_job (kind, tenant, subject, place)"
     " WHERE state NOT IN ('done', 'rolled_back');"
     "CREATE TABLE rotation_quarantine (job BYTEA NOT NULL, item TEXT NOT NULL,"
     " reason TEXT NOT NULL, pass BIGINT NOT NULL, first_at BIGINT NOT NULL,"
     " last_at BIGINT NOT NULL, PRIMARY KEY (job, item));"
     "CREATE TABLE rotation_reference (tenant TEXT NOT NULL, subject TEXT NOT NULL,"
     " place TEXT NOT NULL, version BIGINT NOT NULL, items BIGINT NOT NULL,"
     " first_at BIGINT NOT NULL, second_at BIGINT NOT NULL,"
     " PRIMARY KEY (tenant, subject, place, version))"},
};

}  // namespace kw::rotation
