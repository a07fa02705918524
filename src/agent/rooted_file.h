// Files that are written only below configured roots, whole or not at all.
//
// The folders below a root may belong to others who swap names while we write: paths are resolved
// by openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, the content goes to a new file that only
// we can read, and one rename puts it in place. What the rename put there is looked at afterwards:
// a name that was swapped in between is an error, and what we wrote is taken away again.
// Source: spec of openat2(2), rename(2); CVE-2020-8567, CVE-2021-38553, CVE-2024-6717.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::agent {

/// Who owns a file and who may do what with it; the umask does not matter.
struct FileForm {
  std::optional<uid_t> owner;
  std::optional<gid_t> group;
  mode_t mode = 0600;  ///< permission bits only
};

/// A place below a root: an absolute path, split once.
struct RootedPath {
  std::string root;    ///< a configured folder; trusted, may be a link itself
  std::string folder;  ///< below the root; "" for the root itself
  std::string name;
  std::string text() const;
};

/// Thread-safe; keeps no descriptors.
class Roots {
 public:
  /// @param folders  absolute, without "." and ".."
  explicit Roots(std::vector<std::string> folders) : folders_(std::move(folders)) {}

  /// @errors kInvalidArgument(outside_roots): not below a root, or with empty, "." or ".." parts
  Result<RootedPath> place(const std::string& path) const;

  /// Replaces the file or makes it. On any error the old file is untouched (but see file_swapped).
  /// @errors kFailedPrecondition(unsafe_path): a part is a link, or not there;
  ///   kAborted(file_swapped): somebody changed the folder meanwhile; our file was taken away;
  ///   kPermissionDenied(file_not_allowed); kResourceExhausted(disk_full);
  ///   kUnavailable(file_failed)
  static Status replace(const RootedPath& path, ByteView content, const FileForm& form);
  /// Nothing when there is no such file. A link, a special file or more than 1 MiB is refused.
  /// @errors as replace
  static Result<std::optional<WipedBytes>> read(const RootedPath& path);
  /// Takes the file away; none is fine. @errors as replace
  static Status remove(const RootedPath& path);
  /// Takes away what a crash before `older` left of writes in the folder of `path`.
  static Status sweep(const RootedPath& path, WallTime older);

 private:
  std::vector<std::string> folders_;
};

}  // namespace kw::agent
