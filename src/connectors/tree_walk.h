// The regular files of a directory tree in one order: name by name, byte by byte. Symbolic links
// are passed over, other file systems not entered. Used by one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kw::connectors {

/// A file descriptor, closed when it dies.
class OpenFile {
 public:
  explicit OpenFile(int number = -1) : number_(number) {}
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

/// Begins the names of files that a replacement writes; a walk removes what a crash left of them.
inline constexpr std::string_view kUnfinishedPrefix = ".keywright-unfinished-";

class TreeWalk {
 public:
  /// @errors kFailedPrecondition(no_directory)
  static Result<TreeWalk> open(const std::string& root);

  /// Goes on behind `path`, whether it is there or not; "" is the beginning.
  Status seek(std::string_view path);
  /// The next file's path below the root, or nothing at the end.
  /// @errors kFailedPrecondition(unreadable_folder): an order that skips it would prove nothing
  Result<std::optional<std::string>> next();
  /// The folder of a file, opened name by name. Nothing when it is gone or a link by now.
  std::optional<OpenFile> folder_of(std::string_view path) const;
  const std::string& root() const { return root_path_; }

 private:
  struct Entry {
    std::string name;
    bool folder = false;
  };
  struct Frame {
    OpenFile folder;
    std::string path;  ///< with a slash at its end; "" for the root
    std::vector<Entry> entries;
    std::size_t at = 0;
  };
  TreeWalk(OpenFile root, std::string path, unsigned long device)
      : root_(std::move(root)), root_path_(std::move(path)), device_(device) {}
  Status enter(const std::string& name);
  Result<std::vector<Entry>> list(const OpenFile& folder) const;
  OpenFile open_folder(int parent, const char* name) const;

  OpenFile root_;
  std::string root_path_;
  unsigned long device_;
  std::vector<Frame> frames_;
};

}  // namespace kw::connectors
