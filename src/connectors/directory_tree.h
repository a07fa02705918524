// The files of a directory tree as a place of ciphertexts (docs/guide/reencryption.md).
//
// A file is an encrypted file (docs/formats/file.md: only its wrapped data key is moved), a raw
// envelope, or the text form of one. It is replaced by a new file that is written, synced, read
// back and exchanged for the old one, which is looked at once more: whoever changed it meanwhile
// keeps his change. Symbolic links are not followed, other file systems not entered.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "connectors/place_names.h"
#include "rotation/reencryption.h"

namespace kw::connectors {

struct DirectoryTree {
  std::string path;    ///< absolute
  std::string suffix;  ///< only files whose names end so; "" for all
  /// Names: tenant, store, path (below the tree), name. By default nothing: files may be moved.
  std::string aad;
};

/// What can be said without looking. @errors kInvalidArgument(bad_aad | bad_path)
Status check(const DirectoryTree& tree);
/// @errors kFailedPrecondition(no_directory)
Result<std::unique_ptr<rotation::DataStore>> open_directory_tree(const DirectoryTree& tree,
                                                                 const PlaceNames& names);

}  // namespace kw::connectors
