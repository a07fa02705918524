// How far a job is, in the target database itself: one row per job, written in the transaction of
// each batch, fenced by the lease's token. Tables: <own schema>.reencryption, .foreground_probe.
#pragma once

#include <optional>
#include <string>

#include "connectors/postgres_link.h"
#include "rotation/reencryption.h"

namespace kw::connectors {

/// Makes the schema and its tables when they are not there; forgets rows of 90 days ago.
/// @errors kFailedPrecondition(target_permission): they are not there and cannot be made
Status prepare_checkpoints(PostgresLink& link, const std::string& own_schema);
Result<std::optional<rotation::Checkpoint>> load_checkpoint(PostgresLink& link,
                                                            const std::string& own_schema,
                                                            std::string_view job);
/// In the open transaction. @errors kAborted(fenced): a later life of the job has been here
Status save_checkpoint(PostgresLink& link, const std::string& own_schema,
                       const rotation::Checkpoint& checkpoint);
/// Everything that was committed before is on the disk after it, and with the replicas where the
/// server waits for those.
Status make_durable(PostgresLink& link, const std::string& own_schema, std::string_view job);
/// What the probe writes, $1 is the job.
std::string probe_statement(const std::string& own_schema);

}  // namespace kw::connectors
