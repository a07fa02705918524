// Runs and their steps as rows. Every change is a compare-and-swap on (id, state, epoch).
#pragma once

#include <optional>
#include <vector>

#include "rotation/runs.h"

namespace kw::rotation {

/// All or none. @errors kAlreadyExists(run_open): a subject has one that is not finished.
Status insert_runs(store::Tx& tx, std::span<const Run* const> runs);
struct RunChange {
  const Run* before;
  const Run* run;
};
/// Writes everything that may change after the start, if the rows still have state and epoch of
/// `before`; they then have run.epoch, which must be higher. All or none.
/// @errors kAborted(run_moved)
Status save_runs(store::Tx& tx, std::span<const RunChange> changes);
/// @errors kNotFound(not_found), kDataLoss(bad_run)
Result<Run> load_run(store::Reader& reader, const RunId& id);
/// Those of `ids` that there are, in any order.
Result<std::vector<Run>> load_runs(store::Reader& reader, std::span<const RunId> ids);
Result<std::optional<Run>> load_open_run(store::Reader& reader, const Subject& subject);
Result<std::vector<Run>> select_runs(store::Reader& reader, const RunFilter& filter);

/// A run that the engine may look at: enough to choose by.
struct DueRun {
  RunId id;
  Subject subject;
  int rank = 3;
  WallTime next_at;
};
/// Open runs with next_at <= now by (rank, next_at).
Result<std::vector<DueRun>> due_runs(store::Reader& reader, WallTime now, int limit);
/// The open run of the subject, if any, is looked at again at once.
Status hurry_run(store::Tx& tx, const Subject& subject, WallTime now);
/// The earliest next_at of all open runs.
Result<std::optional<WallTime>> next_run_time(store::Reader& reader);

struct RunStep {
  const RunId* run;
  Step step;
};
Status insert_steps(store::Tx& tx, std::span<const RunStep> steps);
Result<std::vector<Step>> select_steps(store::Reader& reader, const RunId& run, int limit);

}  // namespace kw::rotation
