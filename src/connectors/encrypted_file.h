// What a file of a tree holds: an encrypted file, an envelope, its text form, or something else.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "connectors/tree_walk.h"
#include "rotation/reencryption.h"

namespace kw::connectors {

struct EncryptedFile {
  enum class Form : std::uint8_t { kSealedFile, kEnvelope, kText, kForeign };
  Form form = Form::kForeign;
  /// Key version when it is of the key that was asked for.
  std::optional<std::uint32_t> version;
  Bytes ciphertext;      ///< what a cipher takes: the wrapped data key, the envelope or its text
  std::size_t head = 0;  ///< bytes that a new ciphertext takes the place of; the rest is kept
  std::optional<rotation::QuarantineReason> unfit;
  struct stat facts {};  ///< of the file that was read
};

/// Only what tells the version. Nothing when the file is gone, or no regular file.
/// @errors kFailedPrecondition(unreadable_file), kUnavailable(file_busy): changed while it was read
Result<std::optional<EncryptedFile>> look_at_file(const OpenFile& folder, const std::string& name,
                                                  const KeyId& key);
/// With its ciphertext.
Result<std::optional<EncryptedFile>> read_encrypted_file(const OpenFile& folder,
                                                         const std::string& name, const KeyId& key);
/// Fills `bytes` from `at` on; shorter at the end of the file. False when it cannot be read.
bool read_at(int file, std::size_t at, Bytes& bytes);

}  // namespace kw::connectors
