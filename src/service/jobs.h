// Jobs: re-wrapping under a new KEK, re-encryption of data. Starting, looking, steering.
#pragma once

#include <string>
#include <vector>

#include "connectors/data_places.h"
#include "rotation/jobs.h"
#include "service/gate.h"

namespace kw::service {

/// Newest first. @param before  created before it; nothing: from the newest on
Result<std::vector<rotation::Job>> list_jobs(House& house, Call& call,
                                             std::optional<WallTime> before, int limit);
/// The job that the path names, after authorisation for its tenant, which it puts into the call.
/// @errors as authorise; kNotFound(not_found)
Result<rotation::Job> visible_job(House& house, Call& call, const JobId& id);
Result<rotation::Job> show_job(House& house, Call& call, const JobId& id);

enum class JobAction : std::uint8_t { kPause, kResume, kRollBack };
/// @errors kFailedPrecondition(job_finished | job_state | not_reversible | version_state: the
///   version to go back to may not encrypt), kNotFound(not_found)
/// @audit job.pause, job.resume, job.rollback
Result<rotation::Job> steer_job(House& house, Call& call, const JobId& id, JobAction action,
                                const Wording<rotation::Job>& wording = {});

/// Re-encryption of a data store.
struct JobOrder {
  std::string store;
  std::uint32_t from = 0;    ///< to go back to; 0: the youngest older one that still decrypts
  std::uint32_t target = 0;  ///< 0: the key's primary
  rotation::JobThrottle throttle;
};
/// Starts it, or returns the one that is under way to the same version.
/// @errors kNotFound(not_found): no such data store; kFailedPrecondition(job_open | version_state |
///   no_primary), kInvalidArgument(bad_job)
/// @audit job.start, later job.finish or job.fail
Result<rotation::Job> start_job(House& house, Call& call, const JobOrder& order,
                                const Wording<rotation::Job>& wording = {});
/// @errors as steer_job; kInvalidArgument(bad_job); kFailedPrecondition(not_throttled): a re-wrap
/// adapts by itself. @audit job.throttle
Result<rotation::Job> throttle_job(House& house, Call& call, const JobId& id,
                                   const rotation::JobThrottle& throttle,
                                   const Wording<rotation::Job>& wording = {});

/// By item, after `after`. @param limit 1 to 1,000
Result<std::vector<rotation::Quarantined>> job_quarantine(House& house, Call& call, const JobId& id,
                                                          std::string_view after, int limit);
/// What this node's configuration knows of the tenant in the call, or of all.
Result<std::vector<connectors::DataPlace>> list_data_stores(House& house, Call& call);

}  // namespace kw::service
