// Jobs as rows of rotation_job. Every change is a compare-and-swap on the epoch.
#pragma once

#include <optional>
#include <vector>

#include "rotation/job.h"

namespace kw::rotation {

Status insert_job(store::Tx& tx, const Job& job);
/// Writes everything but the names if the row still has `job.epoch`; raises it there and here.
/// @errors kAborted(job_changed)
Status save_job(store::Tx& tx, Job& job, WallTime now);
/// @errors kNotFound(not_found), kDataLoss(bad_job)
Result<Job> load_job(store::Reader& reader, const JobId& id);
/// The job that is not finished for the same kind, tenant, subject and place.
Result<std::optional<Job>> open_job_like(store::Reader& reader, const Job& job);
/// Newest first; "" means every tenant.
Result<std::vector<Job>> list_jobs(store::Reader& reader, std::string_view tenant,
                                   std::optional<WallTime> before, int limit);
/// Those that want a worker: running or rolling back.
Result<std::vector<JobId>> jobs_at_work(store::Reader& reader);

}  // namespace kw::rotation
