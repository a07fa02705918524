// What to do after a crash or a lost reply: look at both credentials, then decide. Pure.
#pragma once

#include <string_view>

#include "rotation/rotatable.h"
#include "rotation/run.h"

namespace kw::rotation {

enum class Resume : std::uint8_t {
  kGoOn,          ///< repeat the step: its verb is idempotent
  kPromoteNow,    ///< the target swapped already
  kInstallAgain,  ///< the same sealed material once more
  kAskOperator,
};
struct ResumeDecision {
  Resume resume = Resume::kGoOn;
  std::string_view reason;  ///< stable, when an operator is asked: "drift", "lockout", "reverted"
};

/// Pending works | current works -> action:
///   yes yes: overlap, go on.   yes no: the swap happened, promote now.
///   no yes: install the same material again.   no no: lockout, never regenerate blindly.
/// Before a version exists only the current one is asked about; after the promotion it is the new
/// one that has to work; while rolling back it is the old one.
ResumeDecision resume_after_look(const Run& run, const Observed& seen);

}  // namespace kw::rotation
