#include "keys/kek_job_source.h"

#include <algorithm>

#include "keys/kek_rotation.h"

namespace kw::keys {

namespace {

using rotation::Millis;

rotation::JobState state_of(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return rotation::JobState::kRunning;
    case JobState::kPaused:
      return rotation::JobState::kPaused;
    case JobState::kRollingBack:
      return rotation::JobState::kRollingBack;
    case JobState::kDone:
      return rotation::JobState::kDone;
    case JobState::kRolledBack:
      return rotation::JobState::kRolledBack;
    case JobState::kFailed:
      break;
  }
  return rotation::JobState::kFailed;
}

rotation::Job shown(const Job& job) {
  rotation::Job same;
  same.id = job.id;
  same.kind = job.kind;
  same.tenant = job.tenant_name;
  same.subject = "kek";
  same.from_version = job.from_version;
  same.target_version = job.target_version;
  same.state = state_of(job.state);
  same.progress.phase = job.phase;
  same.progress.pass = 1;
  same.progress.cursor = std::to_string(job.cursor);
  same.progress.counts.total = job.total;
  same.progress.counts.done = job.done;
  same.progress.counts.rewritten = job.done;
  same.rate = job.rate;
  if (job.rate > 0 && job.phase == "rewrap") {
    const double left = static_cast<double>(std::max<std::int64_t>(job.total - job.done, 0));
    same.eta_p50 = Millis(static_cast<std::int64_t>(left / job.rate * 1000));
  }
  same.problem = job.problem;
  same.created_at = job.created_at;
  same.updated_at = job.updated_at;
  same.epoch = job.epoch;
  return same;
}

Result<rotation::Job> shown(Result<Job> job) {
  if (!job) return std::move(job).error();
  return shown(*job);
}

}  // namespace

Result<rotation::Job> KekJobSource::show(const JobId& id) {
  return shown(rotations_.show(id));
}

Result<std::vector<rotation::Job>> KekJobSource::list(std::string_view tenant,
                                                      std::optional<WallTime> before, int limit) {
  KW_TRY(const std::vector<Job> jobs, rotations_.list(tenant, limit, before));
  std::vector<rotation::Job> all;
  all.reserve(jobs.size());
  for (const Job& each : jobs) all.push_back(shown(each));
  return all;
}

Result<rotation::Job> KekJobSource::pause(rotation::JobChange change, const JobId& id) {
  return shown(rotations_.pause({change.tx, change.by}, id));
}

Result<rotation::Job> KekJobSource::resume(rotation::JobChange change, const JobId& id) {
  return shown(rotations_.resume({change.tx, change.by}, id));
}

Result<rotation::Job> KekJobSource::roll_back(rotation::JobChange change, const JobId& id) {
  return shown(rotations_.roll_back({change.tx, change.by}, id));
}

void KekJobSource::kick(const JobId& id) {
  rotations_.kick(id);
}

}  // namespace kw::keys
