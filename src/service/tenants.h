// Tenants, their KEKs, and the jobs that re-wrap them.
#pragma once

#include <vector>

#include "service/gate.h"

namespace kw::service {

/// @errors kAlreadyExists(already_exists), kInvalidArgument(bad_name). @audit tenant.create
Result<keys::Tenant> create_tenant(House& house, Call& call, const TenantName& name,
                                   const Wording<keys::Tenant>& wording = {});
Result<std::vector<keys::Tenant>> list_tenants(House& house, Call& call, std::string_view after,
                                               int limit);
Result<keys::Tenant> show_tenant(House& house, Call& call);

Result<std::vector<seal::KekVersion>> list_keks(House& house, Call& call);
/// Starts the rotation, or returns the one that runs. The new KEK is primary when this returns.
/// @audit kek.rotate
Result<keys::Job> rotate_kek(House& house, Call& call, const Wording<keys::Job>& wording = {});

Result<std::vector<keys::Job>> list_jobs(House& house, Call& call, std::string_view tenant,
                                         int limit);
/// The job that the path names, after authorisation for its tenant, which it puts into the call.
/// @errors as authorise; kNotFound(not_found)
Result<keys::Job> visible_job(House& house, Call& call, const JobId& id);
Result<keys::Job> show_job(House& house, Call& call, const JobId& id);
enum class JobAction : std::uint8_t { kPause, kResume, kRollBack };
/// @errors kFailedPrecondition(job_finished), kNotFound(not_found). @audit job.pause, job.resume,
/// job.rollback
Result<keys::Job> steer_job(House& house, Call& call, const JobId& id, JobAction action,
                            const Wording<keys::Job>& wording = {});

}  // namespace kw::service
