#include "rotation/job_rows.h"

#include <array>
#include <cmath>

#include "base/failpoint.h"

namespace kw::rotation {

namespace {

constexpr std::array<std::string_view, 6> kStateNames = {"running", "paused",      "rolling_back",
                                                         "done",    "rolled_back", "failed"};

// What a save may change; `execute` binds it as $2 to $25 in this order, after the id.
#define KW_JOB_CHANGING                                                                   \
  "from_version, target_version, state, phase, pass, cursor_at, total, done,"             \
  " rewritten, skipped, cas_lost, quarantined, digest, per_second_max,"                   \
  " foreground_percent_max, lag_max, rate_milli, eta_p50, eta_p90, problem, updated_at, " \
  "foreground_milli, last_failure, last_failure_at"
#define KW_JOB_COLUMNS "id, " KW_JOB_CHANGING ", epoch, kind, tenant, subject, place, created_at"

std::int64_t millis_of(const std::optional<Millis>& time) {
  return time ? time->count() : -1;
}

std::optional<Millis> time_of(std::int64_t millis) {
  if (millis < 0) return std::nullopt;
  return Millis(millis);
}

std::int64_t milli(double rate) {
  return static_cast<std::int64_t>(std::llround(rate * 1000));
}

void read_progress(const store::Row& row, JobProgress& progress) {
  progress.phase = row.text(4);
  progress.pass = static_cast<int>(row.integer(5));
  progress.cursor = row.text(6);
  progress.counts = {row.integer(7),  row.integer(8),  row.integer(9),
                     row.integer(10), row.integer(11), row.integer(12)};
  progress.digest = row.bytes(13);
}

Result<Job> job_of(const store::Row& row) {
  Job job;
  KW_TRY(job.id, JobId::from_bytes(row.bytes(0)));
  job.from_version = static_cast<std::uint32_t>(row.integer(1));
  job.target_version = static_cast<std::uint32_t>(row.integer(2));
  KW_TRY(job.state, parse_job_state(row.text(3)));
  read_progress(row, job.progress);
  job.throttle = {row.integer(14), row.integer(15), Millis(row.integer(16))};
  job.rate = static_cast<double>(row.integer(17)) / 1000;
  job.eta_p50 = time_of(row.integer(18));
  job.eta_p90 = time_of(row.integer(19));
  job.problem = row.text(20);
  job.updated_at = from_micros(row.integer(21));
  job.foreground_ratio = static_cast<double>(row.integer(22)) / 1000;
  job.last_failure = row.text(23);
  if (const auto at = row.optional_integer(24)) job.last_failure_at = from_micros(*at);
  job.epoch = row.integer(25);
  job.kind = row.text(26);
  job.tenant = row.text(27);
  job.subject = row.text(28);
  job.place = row.text(29);
  job.created_at = from_micros(row.integer(30));
  return job;
}

// Binds the id, KW_JOB_CHANGING, the epoch and then what only one statement has.
template <typename... More>
Result<std::int64_t> execute(store::Tx& tx, std::string_view sql, const Job& job,
                             const More&... more) {
  const JobCounts& counts = job.progress.counts;
  std::optional<std::int64_t> failed_at;
  if (job.last_failure_at) failed_at = to_micros(*job.last_failure_at);
  return tx.execute(sql, {job.id.bytes(),
                          job.from_version,
                          job.target_version,
                          job_state_name(job.state),
                          job.progress.phase,
                          job.progress.pass,
                          job.progress.cursor,
                          counts.total,
                          counts.done,
                          counts.rewritten,
                          counts.skipped,
                          counts.cas_lost,
                          counts.quarantined,
                          job.progress.digest,
                          job.throttle.per_second_max,
                          job.throttle.foreground_percent_max,
                          std::int64_t{job.throttle.lag_max.count()},
                          milli(job.rate),
                          millis_of(job.eta_p50),
                          millis_of(job.eta_p90),
                          job.problem,
                          to_micros(job.updated_at),
                          milli(job.foreground_ratio),
                          job.last_failure,
                          failed_at,
                          job.epoch,
                          more...});
}

}  // namespace

std::string_view job_state_name(JobState state) {
  return kStateNames.at(static_cast<std::size_t>(state));
}

Result<JobState> parse_job_state(std::string_view name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i)
    if (kStateNames.at(i) == name) return static_cast<JobState>(i);
  return error(Code::kDataLoss, "bad_job",
               "a stored job has a state that this program does not know");
}

Status insert_job(store::Tx& tx, const Job& job) {
  KW_OK(execute(tx,
                "INSERT INTO rotation_job (" KW_JOB_COLUMNS
                ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,"
                " $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)",
                job, job.kind, job.tenant, job.subject, job.place, to_micros(job.created_at)));
  return ok();
}

Status save_job(store::Tx& tx, Job& job, WallTime now) {
  KW_FAILPOINT("rotation.job.save");
  job.updated_at = now;
  KW_TRY(const std::int64_t changed,
         execute(tx,
                 "UPDATE rotation_job SET (" KW_JOB_CHANGING
                 ") = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
                 " $19, $20, $21, $22, $23, $24, $25), epoch = epoch + 1 WHERE id = $1"
                 " AND epoch = $26",
                 job));
  if (changed != 1) return error(Code::kAborted, "job_changed", "the job was changed meanwhile");
  ++job.epoch;
  return ok();
}

Result<Job> load_job(store::Reader& reader, const JobId& id) {
  KW_TRY(
      const auto row,
      reader.query_one("SELECT " KW_JOB_COLUMNS " FROM rotation_job WHERE id = $1", {id.bytes()}));
  if (!row) return error(Code::kNotFound, "not_found", "there is no such job");
  return job_of(*row);
}

Result<std::optional<Job>> open_job_like(store::Reader& reader, const Job& job) {
  KW_TRY(const auto row,
         reader.query_one("SELECT " KW_JOB_COLUMNS
                          " FROM rotation_job WHERE kind = $1 AND tenant = $2 AND subject = $3"
                          " AND place = $4 AND state NOT IN ('done', 'rolled_back')",
                          {job.kind, job.tenant, job.subject, job.place}));
  if (!row) return std::optional<Job>();
  KW_TRY(Job found, job_of(*row));
  return std::optional(std::move(found));
}

Result<std::vector<Job>> list_jobs(store::Reader& reader, std::string_view tenant,
                                   std::optional<WallTime> before, int limit) {
  const std::int64_t end = before ? to_micros(*before) : INT64_MAX;
  KW_TRY(const auto rows,
         reader.query("SELECT " KW_JOB_COLUMNS " FROM rotation_job WHERE ($1 = '' OR tenant = $1)"
                      " AND created_at < $2 ORDER BY created_at DESC LIMIT $3",
                      {tenant, end, limit}));
  std::vector<Job> jobs;
  for (const store::Row& row : rows) {
    KW_TRY(Job job, job_of(row));
    jobs.push_back(std::move(job));
  }
  return jobs;
}

Result<std::vector<JobId>> jobs_at_work(store::Reader& reader) {
  KW_TRY(const auto rows,
         reader.query("SELECT id FROM rotation_job WHERE state IN ('running', 'rolling_back')"
                      " ORDER BY created_at LIMIT 1000",
                      {}));
  std::vector<JobId> ids;
  for (const store::Row& row : rows) {
    KW_TRY(const JobId id, JobId::from_bytes(row.bytes(0)));
    ids.push_back(id);
  }
  return ids;
}

}  // namespace kw::rotation
