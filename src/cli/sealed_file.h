// Files encrypted by the command line, envelope style: a fresh data key encrypts the content here,
// the service wraps the data key.
//
// Format (docs/formats/file.md): "KWF1" | u32 length | wrapped data key (envelope) | content
// (envelope, suite 0x0101). A re-wrap replaces the wrapped data key and leaves the content alone;
// the suite's key commitment keeps foreign data keys out.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::cli {

struct SealedFile {
  ByteView wrapped_key;  ///< envelope made by the service
  ByteView content;      ///< envelope made here
};

/// @errors kInvalidArgument(bad_file): not such a file.
Result<SealedFile> parse_sealed_file(ByteView bytes);
Bytes join_sealed_file(const SealedFile& parts);
Result<Bytes> seal_content(ByteView plaintext, const SecretBytes& data_key);
/// @errors kInvalidArgument(decrypt_failed)
Result<WipedBytes> open_content(ByteView content, const SecretBytes& data_key);

/// Whole file, at most 1 GiB; "-" is standard input. @errors kNotFound(cannot_read),
/// kTooLarge(file_too_large)
Result<WipedBytes> read_file(const std::string& path);
/// Temp + fsync + rename, 0600; "-" is standard output. @errors kFailedPrecondition(cannot_write)
Status write_file(const std::string& path, ByteView content);

}  // namespace kw::cli
