// What a file is besides its content: owner, group, mode, times, extended attributes (access
// control lists are among them).
#pragma once

#include <sys/stat.h>

#include "base/result.h"

namespace kw::connectors {

/// Owner, group, mode and extended attributes, not the times.
/// @errors kFailedPrecondition(attributes_lost): this process may not, or the file system cannot
Status copy_permissions(int from, const struct stat& facts, int to);
/// Gives `to` what `from` (with `facts`) has. Times last: writing changes them.
/// @errors as copy_permissions
Status copy_attributes(int from, const struct stat& facts, int to);
/// The same file with the same content, as far as its facts tell.
bool unchanged(const struct stat& before, const struct stat& now);

}  // namespace kw::connectors
