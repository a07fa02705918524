// What the process does to itself before it holds a secret: no core dumps, no ptrace by the same
// user, no new privileges.
#pragma once

#include "base/result.h"

namespace kw::app {

/// RLIMIT_CORE 0, PR_SET_DUMPABLE 0, PR_SET_NO_NEW_PRIVS, umask 077. @errors
/// kFailedPrecondition(hardening_failed)
Status harden_process();

}  // namespace kw::app
