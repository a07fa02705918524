// The invariants I1 to I14 (docs/formats/runs.md) as far as a run's own values show them: asked in
// every transaction that changes a run, before anything is written. The others hold by construction
// and are tested: I1, I4 and I9 by the model test and the acknowledgement gate, I5 by a unique
// index, I6 and I7 by the rotatables, I11 by the lease's fence, I14 by run_journal.
#pragma once

#include "rotation/run.h"

namespace kw::rotation {

/// @param before  as stored; nullptr for a new run.
/// @errors kInternal(invariant_primary): I2, old and new version are the same, or promotion came
///   before staging. kInternal(invariant_order): I3, I10: something is taken away before the new
///   version was promoted. kInternal(invariant_version): I8, a version number went back or moved
///   under the run. kInternal(invariant_plan): I14, policy or approval missing where needed.
///   kInternal(invariant_finished): a finished run changes.
Status check_invariants(const Run* before, const Run& after);

}  // namespace kw::rotation
