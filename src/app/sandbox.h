// What the running server can no longer ask of the kernel: files outside its folders and system
// calls that it never needs. An intruder inside the process gets no further than the process did.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace kw::app {

/// Writing, creating and removing files is possible only below `writable` from here on; executing
/// nowhere. Reading stays as it was (certificates are renewed in place). Call it before any thread
/// is made: the rule binds the calling thread and its children.
///
/// Kernels without Landlock are left as they are.
/// @returns whether the kernel keeps it. @errors kFailedPrecondition(hardening_failed)
/// @source landlock(7), ABI 1.
Result<bool> confine_files(const std::vector<std::string>& writable);

/// Refuses with EPERM, for all threads: starting programs, looking into other processes, loading
/// code into the kernel, mounting, key rings and io_uring.
/// @errors kFailedPrecondition(hardening_failed) @source seccomp(2)
Status refuse_system_calls();

}  // namespace kw::app
