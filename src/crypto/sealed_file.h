// The file format of encrypted files (docs/formats/file.md):
//
//   "KWF1" | u32 length | wrapped data key (envelope) | content (envelope, suite 0x0101)
//
// A re-wrap replaces the wrapped data key and leaves the content alone; the suite's key commitment
// keeps foreign data keys out. Pure functions.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace kw::crypto {

/// Bytes before the wrapped data key.
inline constexpr std::size_t kSealedFileHeadBytes = 8;
/// No wrapped data key is longer: the largest suite's is below 2 KiB.
inline constexpr std::size_t kWrappedKeyBytesMax = 64 << 10;

/// Borrows the bytes that it was parsed from.
struct SealedFile {
  ByteView wrapped_key;  ///< envelope made by the service
  ByteView content;      ///< envelope made where the file was encrypted
};

/// How many bytes lie before the content, by the first 8 bytes alone.
/// @errors kInvalidArgument(bad_file): not such a file
Result<std::size_t> sealed_file_head(ByteView start);
/// @errors kInvalidArgument(bad_file): not such a file
Result<SealedFile> parse_sealed_file(ByteView bytes);
Bytes join_sealed_file(const SealedFile& parts);

}  // namespace kw::crypto
