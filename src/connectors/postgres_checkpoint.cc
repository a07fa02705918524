#include "connectors/postgres_checkpoint.h"

namespace kw::connectors {

namespace {

// The columns of a checkpoint after its job, fence and target, in the order of save and load.
#define KW_CHECKPOINT_PROGRESS \
  "phase, pass, cursor_at, total, done, rewritten, skipped, cas_lost, quarantined, digest"

Result<bool> is_there(PostgresLink& link, const std::string& table) {
  PostgresParams name;
  name.text(table);
  KW_TRY(const PostgresRows rows,
         link.ask("SELECT (to_regclass($1) IS NOT NULL)::int::bigint", name));
  return rows.integer(0, 0) == 1;
}

Status make_tables(PostgresLink& link, const std::string& schema) {
  KW_OK(link.run("CREATE SCHEMA IF NOT EXISTS " + schema));
  KW_OK(
      link.run("CREATE TABLE IF NOT EXISTS " + schema +
               ".reencryption (job text PRIMARY KEY, fence bigint NOT NULL, target bigint NOT"
               " NULL, phase text NOT NULL, pass bigint NOT NULL, cursor_at text NOT NULL, total"
               " bigint NOT NULL, done bigint NOT NULL, rewritten bigint NOT NULL, skipped bigint"
               " NOT NULL, cas_lost bigint NOT NULL, quarantined bigint NOT NULL, digest bytea NOT"
               " NULL, updated_at timestamptz NOT NULL)"));
  return link.run("CREATE TABLE IF NOT EXISTS " + schema +
                  ".foreground_probe (job text PRIMARY KEY, at timestamptz NOT NULL)");
}

}  // namespace

// Who may not create finds the tables already made by somebody who may.
Status prepare_checkpoints(PostgresLink& link, const std::string& own_schema) {
  const std::string schema = quoted_identifier(own_schema);
  KW_TRY(const bool ready, is_there(link, schema + ".foreground_probe"));
  if (!ready) KW_OK(make_tables(link, schema));
  return link.run("DELETE FROM " + schema +
                  ".reencryption WHERE updated_at < now() - interval '90 d';"
                  "DELETE FROM " +
                  schema + ".foreground_probe WHERE at < now() - interval '90 d'");
}

Result<std::optional<rotation::Checkpoint>> load_checkpoint(PostgresLink& link,
                                                            const std::string& own_schema,
                                                            std::string_view job) {
  PostgresParams params;
  params.text(job);
  KW_TRY(const PostgresRows rows,
         link.ask("SELECT fence, target, " KW_CHECKPOINT_PROGRESS " FROM " +
                      quoted_identifier(own_schema) + ".reencryption WHERE job = $1",
                  params));
  if (rows.size() == 0) return std::optional<rotation::Checkpoint>();
  rotation::Checkpoint found;
  found.job = job;
  found.fence = rows.integer(0, 0);
  found.target = static_cast<std::uint32_t>(rows.integer(0, 1));
  found.progress.phase = std::string(rows.text(0, 2));
  found.progress.pass = static_cast<int>(rows.integer(0, 3));
  found.progress.cursor = std::string(rows.text(0, 4));
  found.progress.counts = {rows.integer(0, 5), rows.integer(0, 6), rows.integer(0, 7),
                           rows.integer(0, 8), rows.integer(0, 9), rows.integer(0, 10)};
  found.progress.digest = to_bytes(rows.bytes(0, 11));
  return std::optional(std::move(found));
}

Status save_checkpoint(PostgresLink& link, const std::string& own_schema,
                       const rotation::Checkpoint& checkpoint) {
  const rotation::JobProgress& progress = checkpoint.progress;
  const rotation::JobCounts& counts = progress.counts;
  PostgresParams row;
  row.text(checkpoint.job).integer(checkpoint.fence).integer(checkpoint.target);
  row.text(progress.phase).integer(progress.pass).text(progress.cursor);
  row.integer(counts.total).integer(counts.done).integer(counts.rewritten);
  row.integer(counts.skipped).integer(counts.cas_lost).integer(counts.quarantined);
  row.bytes(progress.digest);
  KW_TRY(
      const PostgresRows saved,
      link.ask("INSERT INTO " + quoted_identifier(own_schema) +
                   ".reencryption AS r (job, fence, target, " KW_CHECKPOINT_PROGRESS
                   ", updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
                   " now()) ON CONFLICT (job) DO UPDATE SET (fence, target, " KW_CHECKPOINT_PROGRESS
                   ", updated_at) = (excluded.fence, excluded.target,"
                   " excluded.phase, excluded.pass, excluded.cursor_at, excluded.total,"
                   " excluded.done, excluded.rewritten, excluded.skipped, excluded.cas_lost,"
                   " excluded.quarantined, excluded.digest, excluded.updated_at)"
                   " WHERE r.fence <= excluded.fence",
               row));
  if (saved.changed() == 1) return ok();
  return error(Code::kAborted, "fenced", "a later life of the job has been at the data");
}

std::string probe_statement(const std::string& own_schema) {
  return "INSERT INTO " + quoted_identifier(own_schema) +
         ".foreground_probe AS p (job, at) VALUES ($1, now()) ON CONFLICT (job)"
         " DO UPDATE SET at = excluded.at";
}

// A commit that is waited for brings all before it along.
Status make_durable(PostgresLink& link, const std::string& own_schema, std::string_view job) {
  KW_OK(link.run("BEGIN; SET LOCAL synchronous_commit = on"));
  PostgresParams params;
  params.text(job);
  const auto written = link.ask(probe_statement(own_schema), params);
  if (written) return link.run("COMMIT");
  static_cast<void>(link.run("ROLLBACK"));
  return written.error();
}

}  // namespace kw::connectors
