// A small text file with credentials below a folder that the server's configuration names: read
// whole, and replaced all or nothing.
//
// The path is resolved beneath the folder without symbolic links (openat2), once; everything else
// happens in the folder that was found, so swapped names lead nowhere. The new text is written
// beside the file with O_EXCL, synced, exchanged with the old one; what was displaced is looked at
// once more, and whoever changed it in the last moment gets his own back. One writer of this
// program at a time per folder (flock), so what a crash leaves beside is removed by the next.
// Source: openat2(2); CWE-59, CWE-367.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "connectors/tree_walk.h"

namespace kw::connectors {

/// Which file, and what it must be like.
struct CredentialFileTerms {
  std::string root;                  ///< one of the configured folders
  std::string path;                  ///< below it: names with '/' between
  std::optional<unsigned> mode;      ///< nothing: as the file has; 0600 for a new one
  std::optional<unsigned> uid, gid;  ///< nothing: as the file has
};

/// A mode in octal digits, for whom nothing is executable or writable by others.
/// @errors kInvalidArgument(bad_setting)
Result<std::optional<unsigned>> read_mode(std::string_view text);
/// The number of a user or group by name or number; "" is nothing.
/// @errors kInvalidArgument(bad_setting): no such user or group here
Result<std::optional<unsigned>> read_user(std::string_view text);
Result<std::optional<unsigned>> read_group(std::string_view text);
/// @errors kInvalidArgument(bad_setting): the folder is not one that `roots` names, or the path
///   has empty names, "." or ".."
Status check_file_terms(const CredentialFileTerms& terms, const std::vector<std::string>& roots);

/// A folder of one file, opened. Used by one thread.
class CredentialFile {
 public:
  static constexpr std::size_t kBytesMax = 1 << 20;

  /// @errors kFailedPrecondition(no_such_folder): it is missing, a symbolic link is on the way, or
  ///   it leads out of the root; kUnimplemented(no_openat2)
  static Result<CredentialFile> open(const CredentialFileTerms& terms);

  /// The whole text; nothing when there is no file.
  /// @errors kFailedPrecondition(unfit_file): no regular file, a symbolic link, has other hard
  /// links, or
  ///   is larger than kBytesMax; kFailedPrecondition(unreadable_file)
  Result<std::optional<WipedText>> read() const;
  /// Reads, lets `change` make the new text, and replaces. Nothing is written when `change` says
  /// false. A file that others change meanwhile is read again, three times.
  /// @errors as read, those of `change`; kUnavailable(file_busy | disk_full),
  ///   kFailedPrecondition(cannot_write | attributes_lost)
  Status edit(SteadyTime deadline,
              const std::function<Result<bool>(std::optional<WipedText>& text)>& change) const;
  /// True when owner, group and mode are as the terms say.
  Result<bool> as_wanted() const;

 private:
  struct Found {
    OpenFile file;
    struct stat facts {};
    WipedText text;
  };
  CredentialFile(CredentialFileTerms terms, OpenFile folder, std::string name)
      : terms_(std::move(terms)), folder_(std::move(folder)), name_(std::move(name)) {}
  Result<std::optional<Found>> find() const;
  Result<bool> replace(const std::optional<Found>& was, std::string_view text) const;
  Result<OpenFile> write_beside(const std::optional<Found>& was, std::string_view text) const;
  Result<bool> exchange(const std::optional<Found>& was) const;
  bool is_still(const char* name, const Found& was) const;
  std::string beside() const { return std::string(kUnfinishedPrefix) + name_; }

  CredentialFileTerms terms_;
  OpenFile folder_;
  std::string name_;
};

}  // namespace kw::connectors
