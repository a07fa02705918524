// Tenants, their KEKs, and the jobs that re-wrap them.
#pragma once

#include <vector>

#include "service/gate.h"

namespace kw::service {

/// @errors kAlreadyExists(already_exists), kInvalidArgument(bad_name). @audit tenant.create
Result<keys::Tenant> create_tenant(House& house, Call& call, const TenantName& name);
Result<std::vector<keys::Tenant>> list_tenants(House& house, Call& call, std::string_view after,
                                               int limit);
Result<keys::Tenant> show_tenant(House& house, Call& call);

Result<std::vector<seal::KekVersion>> list_keks(House& house, Call& call);
/// Starts the rotation, or returns the one that runs. The new KEK is primary when this returns.
/// @audit kek.rotate
Result<keys::Job> rotate_kek(House& house, Call& call);

Result<std::vector<keys::Job>> list_jobs(House& house, Call& call, std::string_view tenant,
                                         int limit);
Result<keys::Job> show_job(House& house, Call& call, const JobId& id);
enum class JobAction : std::uint8_t { kPause, kResume, kRollBack };
/// @errors kFailedPrecondition(job_finished), kNotFound(not_found). @audit job.pause, job.resume,
/// job.rollback
Result<keys::Job> steer_job(House& house, Call& call, const JobId& id, JobAction action);

}  // namespace kw::service
