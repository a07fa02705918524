// Whether old and new version live together long enough for a consumer to notice. Pure.
#pragma once

#include "rotation/run.h"

namespace kw::rotation {

/// True when nothing is taken away from consumers, or not before `refresh` has passed since the
/// promotion. @source vault#15222: a reader that polls more seldom than the overlap always meets a
/// dead credential.
inline bool overlap_enough(const Run& run, Seconds refresh) {
  const bool taken_away =
      run.from_version != 0 && run.policy.old_version != OldVersion::kKeepSecondary;
  return !taken_away || refresh <= run.policy.min_overlap;
}

}  // namespace kw::rotation
