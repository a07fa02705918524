// The one way a run changes in the store: row, step, audit leaf and announcement together.
#pragma once

#include <string>

#include "rotation/run_rows.h"
#include "rotation/runs.h"

namespace kw::rotation {

/// What happened to a run.
struct Entry {
  std::string_view action;   ///< of the leaf; "": bookkeeping that changes no state, without leaf
  std::string_view verb;     ///< of the step; "": no step row either
  std::string_view outcome;  ///< of the step
  std::string_view detail;   ///< of the step and note of the leaf
};

/// Writes `run` over `before` (nothing: a new run) with run.epoch raised by one and updated_at set.
/// @errors kAborted(run_moved), kAlreadyExists(run_open), kInternal(invariant_…), those of the log
Status record(Change change, audit::ChangeLog& log, const Run* before, Run& run, const Entry& entry,
              WallTime now);

}  // namespace kw::rotation
