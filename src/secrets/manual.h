// Secrets that a person renews by hand, at a vendor's portal say: their generator is "manual"
// (generator.h), and a rotation of them waits for the person with a task.
//
// The task is the run itself, waiting in `generate`: opened when the run came there, due so long
// after, or an hour after it in an emergency. The person gives the new value; it becomes the
// pending version of the run, which goes on as any other: proved where a target accepts the secret,
// promoted, drained. A value that the target refuses is thrown away and the task opens again.
//
// Free functions; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "rotation/runs.h"
#include "secrets/generator.h"
#include "secrets/secrets.h"

namespace kw::secrets {

/// The generator of a secret that is renewed by hand; nothing for others. Pure.
std::optional<Generator> manual_terms(const Secret& secret);

/// What the person has to do for this run; nothing when the run does not wait for that. Pure.
std::optional<rotation::ManualTask> task_of(const Secret& secret, const rotation::Run& run);

struct GivenByHand {
  std::shared_ptr<const Value> value;
  std::string principal;               ///< who presents it at the target; "" as it is
  std::optional<WallTime> expires_at;  ///< of the value, when the vendor says so
  std::string note;                    ///< the proof, in the person's words: at most 512 bytes
};
/// The value as the pending version of the run, which goes on.
/// @errors kFailedPrecondition(no_task): no run waits for it; kInvalidArgument(bad_note |
///   shape_mismatch), kAborted(stale_epoch)
/// @audit secret.complete-task, kind "secret-version"; run.give
Result<rotation::Run> give_by_hand(Secrets& secrets, rotation::Runs& runs, Change change,
                                   const Secret& secret, const GivenByHand& given);

}  // namespace kw::secrets
