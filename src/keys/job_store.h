// Jobs as rows. Every change is a compare-and-swap on the epoch.
#pragma once

#include <optional>
#include <vector>

#include "keys/kek_rotation.h"

namespace kw::keys {

Status insert_job(store::Tx& tx, const Job& job);
/// Writes phase, state, versions, cursor, counts and problem if the row still has `job.epoch`;
/// raises it there and here.
/// @errors kAborted(job_changed)
Status save_job(store::Tx& tx, Job& job, WallTime now);
/// @errors kNotFound(not_found)
Result<Job> load_job(store::Reader& reader, const JobId& id);
/// The tenant's job that is not finished, if any.
Result<std::optional<Job>> open_job(store::Reader& reader, std::int64_t tenant);
/// Newest first; "" means every tenant. Created before `before`, or all.
Result<std::vector<Job>> list_jobs(store::Reader& reader, std::string_view tenant, int limit,
                                   std::optional<WallTime> before = std::nullopt);

}  // namespace kw::keys
