// The one way runs change in the store: row, step, audit leaf and announcement together.
#pragma once

#include <optional>
#include <span>
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
  /// A chain that settled with this change: its leaf is the run's too (docs/formats/runs.md).
  const Chain* chain = nullptr;
};

/// One of several changes: `run` over `before` (nullptr: a new run).
struct Recorded {
  const Run* before = nullptr;
  Run* run = nullptr;
  Entry entry;
};

/// Writes all or none, with run.epoch raised by one and updated_at set.
/// @errors kAborted(run_moved), kAlreadyExists(run_open), kInternal(invariant_…), those of the log
Status record_all(Change change, audit::ChangeLog& log, std::span<const Recorded> all,
                  WallTime now);
/// As record_all for one.
Status record(Change change, audit::ChangeLog& log, const Run* before, Run& run, const Entry& entry,
              WallTime now);

}  // namespace kw::rotation
