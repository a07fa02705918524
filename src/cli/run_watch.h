// Follows a run until it ends: redrawn in place on a terminal, a line per change elsewhere.
#pragma once

#include <string>

#include "cli/session.h"

namespace kw::cli {

/// Ctrl-C detaches: the work is the server's.
/// @errors kInternal(watch_ended): rolled back or aborted; kFailedPrecondition(needs_operator);
///   kDeadlineExceeded(not_yet): after `patience`
Status watch_run(Session& session, const std::string& id, std::chrono::seconds patience);

}  // namespace kw::cli
