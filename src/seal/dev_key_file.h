// The development seal's key: 32 bytes in a file of mode 0600.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::seal {

/// Reads the key. @errors kNotFound(no_key_file), kUnavailable(key_file_failed),
///   kFailedPrecondition(bad_key_file): another size, owner or mode, a link, no regular file.
Result<SecretBytes> read_dev_key(const std::string& path);
/// Makes a random key and its file, durable when this returns; never overwrites.
/// @errors kUnavailable(key_file_failed)
Result<SecretBytes> make_dev_key(const std::string& path);

}  // namespace kw::seal
