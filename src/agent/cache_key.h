// The key of the agent's cache: a file that only the agent can read.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::agent {

/// Reads the 32 bytes, or makes the file with fresh random ones (O_EXCL, 0600).
/// @errors kFailedPrecondition(cache_open): group or others may read it; kDataLoss(bad_cache_key):
///   not 32 bytes; kUnavailable(cache_failed)
Result<SecretBytes> load_or_make_cache_key(const std::string& file);

/// The folder, made 0700 when it is not there.
/// @errors kFailedPrecondition(cache_open): group or others may write or read it, or it is not
///   ours; kUnavailable(cache_failed)
Status prepare_cache_folder(const std::string& folder);

}  // namespace kw::agent
