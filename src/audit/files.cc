#include "audit/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace kw::audit {

namespace {

int sync_retrying(int fd) {
  while (fsync(fd) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

Status fill(const Descriptor& file, Bytes& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("reading a file", errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return ok();
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  if (fd_ >= 0) close(fd_);
  fd_ = other.release();
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Error io_error(std::string_view what, int errno_value) {
  return error(Code::kUnavailable, "io_error",
               std::string(what) + ": " + std::generic_category().message(errno_value));
}

int write_at(int fd, ByteView bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return ENOSPC;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return 0;
}

Status make_directories(const std::string& path) {
  if (path.empty() || path == "/") return ok();
  struct stat info {};
  if (stat(path.c_str(), &info) == 0)
    return S_ISDIR(info.st_mode) ? ok() : Status(io_error(path, ENOTDIR));
  KW_OK(make_directories(std::filesystem::path(path).parent_path().string()));
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return io_error(path, errno);
  return ok();
}

Status replace_file(const std::string& path, ByteView bytes) {
  const std::string temporary = path + ".new";
  // A crash may have left one; O_EXCL then proves that this one is ours and no link.
  unlink(temporary.c_str());
  const Descriptor file(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return io_error(temporary, errno);
  int failure = write_at(file.get(), bytes, 0);
  if (failure == 0) failure = sync_retrying(file.get());
  if (failure == 0 && rename(temporary.c_str(), path.c_str()) != 0) failure = errno;
  if (failure == 0) return ok();
  unlink(temporary.c_str());
  return io_error(path, failure);
}

Status sync_directory(const std::string& path) {
  const Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return io_error(path, errno);
  const int failure = sync_retrying(directory.get());
  return failure == 0 ? ok() : Status(io_error(path, failure));
}

Result<Bytes> read_file(const std::string& path, std::size_t bytes_max) {
  // Non-blocking, so that a pipe put in a file's place cannot hold us.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return error(Code::kNotFound, "no_file", path);
    return io_error(path, errno);
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return io_error(path, errno);
  if (!S_ISREG(info.st_mode)) return io_error(path, EINVAL);
  if (static_cast<std::uint64_t>(info.st_size) > bytes_max)
    return error(Code::kTooLarge, "file_too_large", path);
  Bytes bytes(static_cast<std::size_t>(info.st_size));
  KW_OK(fill(file, bytes));
  return bytes;
}

}  // namespace kw::audit
