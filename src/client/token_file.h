// A secret in a file that somebody else renews: a token, or the secret half of a role.
#pragma once

#include <sys/stat.h>

#include <mutex>
#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::client {

/// Reads the file again whenever it changed: its inode, size or time of change. Thread-safe.
class TokenFile {
 public:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  /// What the file holds, without white space around it.
  /// @errors kNotFound(token_file_missing): not there or not readable; kInvalidArgument(
  ///   bad_token_file): empty, more than 4 KiB, no plain file;
  ///   kFailedPrecondition(token_file_open): others than owner and group may read it
  Result<WipedText> read();
  const std::string& path() const { return path_; }

 private:
  Result<WipedText> load();
  std::string path_;
  std::mutex mutex_;
  struct timespec changed_ {};
  ino_t inode_ = 0;
  off_t size_ = -1;
  WipedText text_;
};

}  // namespace kw::client
