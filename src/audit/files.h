// Files that are replaced whole, and whole files read: what exports and sidecars are made of.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace kw::audit {

/// An open descriptor, closed when it dies. Move-only.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_ = -1;
};

/// Writes all of `bytes` at `offset`, through interrupted and short writes.
/// @returns 0, or errno with an unknown part written.
int write_at(int fd, ByteView bytes, std::uint64_t offset);

/// Makes `path` and its missing parents, 0700. @errors kUnavailable(io_error)
Status make_directories(const std::string& path);
/// Writes a temporary neighbour (0600), syncs it and renames it over `path`. The rename itself is
/// durable only after sync_directory. @errors kUnavailable(io_error)
Status replace_file(const std::string& path, ByteView bytes);
/// @errors kUnavailable(io_error)
Status sync_directory(const std::string& path);
/// The whole regular file; never through a symbolic link.
/// @errors kNotFound(no_file), kTooLarge(file_too_large), kUnavailable(io_error)
Result<Bytes> read_file(const std::string& path, std::size_t bytes_max);

/// kUnavailable(io_error) with `what` and the text of `errno_value`.
Error io_error(std::string_view what, int errno_value);

}  // namespace kw::audit
