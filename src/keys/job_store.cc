#include "keys/job_store.h"

#include <array>
#include <limits>

#include "base/failpoint.h"

namespace kw::keys {

namespace {

constexpr std::array<std::string_view, 6> kStateNames = {"running", "paused",      "rolling_back",
                                                         "done",    "rolled_back", "failed"};

Result<JobState> parse_job_state(std::string_view name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i)
    if (kStateNames[i] == name) return static_cast<JobState>(i);
  return error(Code::kDataLoss, "bad_job",
               "a stored job has a state that this program does not know");
}

#define KW_JOB_COLUMNS                                                                           \
  "id, kind, tenant, tenant_name, phase, state, from_version, target_version, cursor_at, done, " \
  "total, problem,"                                                                              \
  " created_at, updated_at, epoch"

Result<Job> job_of(const store::Row& row) {
  Job job;
  KW_TRY(job.id, JobId::from_bytes(row.bytes(0)));
  job.kind = row.text(1);
  job.tenant = row.integer(2);
  job.tenant_name = row.text(3);
  job.phase = row.text(4);
  KW_TRY(job.state, parse_job_state(row.text(5)));
  job.from_version = static_cast<std::uint32_t>(row.integer(6));
  job.target_version = static_cast<std::uint32_t>(row.integer(7));
  job.cursor = row.integer(8);
  job.done = row.integer(9);
  job.total = row.integer(10);
  job.problem = row.text(11);
  job.created_at = from_micros(row.integer(12));
  job.updated_at = from_micros(row.integer(13));
  job.epoch = row.integer(14);
  return job;
}

Result<std::vector<Job>> jobs_of(const store::Rows& rows) {
  std::vector<Job> jobs;
  for (const store::Row& row : rows) {
    KW_TRY(Job job, job_of(row));
    jobs.push_back(std::move(job));
  }
  return jobs;
}

}  // namespace

std::string_view job_state_name(JobState state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

Status insert_job(store::Tx& tx, const Job& job) {
  KW_OK(tx.execute("INSERT INTO job (" KW_JOB_COLUMNS ")"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
                   {job.id.bytes(), job.kind, job.tenant, job.tenant_name, job.phase,
                    job_state_name(job.state), job.from_version, job.target_version, job.cursor,
                    job.done, job.total, job.problem, to_micros(job.created_at),
                    to_micros(job.updated_at), job.epoch}));
  return ok();
}

Status save_job(store::Tx& tx, Job& job, WallTime now) {
  KW_FAILPOINT("job.save");
  KW_TRY(const std::int64_t changed,
         tx.execute(
             "UPDATE job SET phase = $3, state = $4, from_version = $5, target_version = $6, "
             "cursor_at = $7, done = $8,"
             " total = $9, problem = $10, updated_at = $11, epoch = epoch + 1 WHERE id = $1 AND "
             "epoch = $2",
             {job.id.bytes(), job.epoch, job.phase, job_state_name(job.state), job.from_version,
              job.target_version, job.cursor, job.done, job.total, job.problem, to_micros(now)}));
  if (changed != 1) return error(Code::kAborted, "job_changed", "the job was changed meanwhile");
  ++job.epoch;
  job.updated_at = now;
  return ok();
}

Result<Job> load_job(store::Reader& reader, const JobId& id) {
  KW_TRY(const auto row,
         reader.query_one("SELECT " KW_JOB_COLUMNS " FROM job WHERE id = $1", {id.bytes()}));
  if (!row) return error(Code::kNotFound, "not_found", "there is no such job");
  return job_of(*row);
}

Result<std::optional<Job>> open_job(store::Reader& reader, std::int64_t tenant) {
  KW_TRY(const auto row,
         reader.query_one("SELECT " KW_JOB_COLUMNS " FROM job WHERE tenant = $1"
                          " AND state IN ('running', 'paused', 'rolling_back', 'failed')",
                          {tenant}));
  if (!row) return std::optional<Job>();
  KW_TRY(Job job, job_of(*row));
  return std::optional(std::move(job));
}

Result<std::vector<Job>> list_jobs(store::Reader& reader, std::string_view tenant, int limit,
                                   std::optional<WallTime> before) {
  const std::int64_t end = before ? to_micros(*before) : std::numeric_limits<std::int64_t>::max();
  KW_TRY(const auto rows,
         reader.query("SELECT " KW_JOB_COLUMNS " FROM job WHERE ($1 = '' OR tenant_name = $1)"
                      " AND created_at < $3 ORDER BY created_at DESC LIMIT $2",
                      {tenant, limit, end}));
  return jobs_of(rows);
}

}  // namespace kw::keys
