// Files encrypted by the command line, envelope style: a fresh data key encrypts the content here,
// the service wraps the data key. The format is the room crypto's (crypto/sealed_file.h).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/sealed_file.h"

namespace kw::cli {

using crypto::join_sealed_file;
using crypto::parse_sealed_file;
using crypto::SealedFile;

Result<Bytes> seal_content(ByteView plaintext, const SecretBytes& data_key);
/// @errors kInvalidArgument(decrypt_failed)
Result<WipedBytes> open_content(ByteView content, const SecretBytes& data_key);

inline constexpr std::size_t kFileMax = std::size_t{1} << 30;
/// Whole file; "-" is standard input. Messages end in ": " and the cause (hints.h tells it apart).
/// @param most  bytes. @errors kInvalidArgument(cannot_read), kTooLarge(file_too_large)
Result<WipedBytes> read_file(const std::string& path, std::size_t most = kFileMax);
/// Temp + fsync + rename, 0600; "-" is standard output. @errors kFailedPrecondition(cannot_write)
Status write_file(const std::string& path, ByteView content);
/// What errno says, in words for people.
Error cannot_read(const std::string& path, int cause);

}  // namespace kw::cli
