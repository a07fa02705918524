// New content under an old name, all or nothing: written beside it, synced, read back, exchanged;
// and the file that was displaced is looked at once more before it goes.
#pragma once

#include <string>

#include "connectors/encrypted_file.h"

namespace kw::connectors {

/// Puts `start` in the place of the first `was.head` bytes of the file.
/// @returns false when somebody else changed or holds the file: it is as he left it.
/// @errors kFailedPrecondition(attributes_lost | cannot_write), kUnavailable(disk_full),
/// kDataLoss(written_differently): the disk gave back other bytes
Result<bool> replace_file(const OpenFile& folder, const std::string& name, const EncryptedFile& was,
                          ByteView start);

}  // namespace kw::connectors
