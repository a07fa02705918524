// Following a job of the server until it ends.
#pragma once

#include <string>

#include "cli/session.h"

namespace kw::cli {

/// Shows progress and the end. Ctrl-C detaches: the work is the server's.
/// @errors kInternal(job_failed): the job stopped
Status follow_job(Session& session, const std::string& id);

}  // namespace kw::cli
