#include "audit/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace kw::audit {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "segment-";
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kDigits = 12;
constexpr std::size_t kReadBytes = 1u << 20;

std::string numbered(const std::string& folder, std::uint64_t first, std::string_view suffix) {
  std::string digits = std::to_string(first);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return folder + "/" + std::string(kPrefix) + digits + std::string(suffix);
}

std::optional<std::uint64_t> segment_number(const std::string& folder, const std::string& name) {
  if (name.size() < kPrefix.size() + kDigits + kSuffix.size() ||
      name.compare(0, kPrefix.size(), kPrefix) != 0)
    return std::nullopt;
  std::uint64_t first = 0;
  std::from_chars(name.data() + kPrefix.size(), name.data() + name.size() - kSuffix.size(), first);
  if (numbered(folder, first, kSuffix) != folder + "/" + name) return std::nullopt;
  return first;
}

int sync_data(int fd) {
  while (fdatasync(fd) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

}  // namespace

Error write_error(std::string_view what, int errno_value) {
  const bool full = errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG;
  if (!full) return io_error(what, errno_value);
  return error(Code::kUnavailable, "disk_full", "the audit log's disk is full");
}

std::string segment_path(const std::string& folder, std::uint64_t first) {
  return numbered(folder, first, kSuffix);
}
std::string hashes_path(const std::string& folder, std::uint64_t first) {
  return numbered(folder, first, ".hash");
}

Result<std::vector<std::uint64_t>> list_segments(const std::string& folder) {
  std::vector<std::uint64_t> firsts;
  std::error_code failure;
  for (fs::directory_iterator at(folder, failure), end; !failure && at != end;
       at.increment(failure))
    if (const auto first = segment_number(folder, at->path().filename().string()))
      firsts.push_back(*first);
  if (failure) return io_error(folder, failure.value());
  std::sort(firsts.begin(), firsts.end());
  return firsts;
}

Result<Segment> Segment::open(const std::string& folder, std::uint64_t first, Mode mode,
                              std::uint64_t size) {
  Segment segment;
  segment.path_ = segment_path(folder, first);
  segment.first_ = first;
  segment.size_ = size;
  // O_APPEND: Linux then writes at the end that the file has, not at the one we remember, so that a
  // file that was cut behind our back has the wrong size afterwards, and intact() notices.
  const int flags =
      O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | (mode == Mode::kCreate ? O_CREAT | O_EXCL : 0);
  segment.file_ = Descriptor(::open(segment.path_.c_str(), flags, 0600));
  if (!segment.is_open()) return write_error(segment.path_, errno);
  struct stat info {};
  if (fstat(segment.file_.get(), &info) != 0) return io_error(segment.path_, errno);
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1) return io_error(segment.path_, EINVAL);
  segment.device_ = info.st_dev;
  segment.inode_ = info.st_ino;
  if (static_cast<std::uint64_t>(info.st_size) != size) {
    if (ftruncate(segment.file_.get(), static_cast<off_t>(size)) != 0)
      return io_error(segment.path_, errno);
    KW_OK(segment.sync());
  }
  // Without its hashes a segment is as safe, only a bad record in it is harder to name.
  segment.hashes_ = Descriptor(
      ::open(hashes_path(folder, first).c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (mode == Mode::kCreate) KW_OK(sync_directory(folder));
  return segment;
}

Status Segment::append(ByteView bytes) {
  const int failure = write_at(file_.get(), bytes, size_);
  if (failure == 0) {
    size_ += bytes.size();
    return ok();
  }
  // What was written of the group must not be taken for records later.
  if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) return io_error(path_, errno);
  return write_error(path_, failure);
}

Status Segment::sync() {
  const int failure = sync_data(file_.get());
  return failure == 0 ? ok() : Status(io_error("fdatasync " + path_, failure));
}

bool Segment::intact() const {
  struct stat info {};
  return lstat(path_.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_dev == device_ &&
         info.st_ino == inode_ && info.st_nlink == 1 &&
         static_cast<std::uint64_t>(info.st_size) == size_;
}

void Segment::put_hashes(std::uint64_t index, std::span<const Hash> hashes) {
  if (!hashes_.is_open()) return;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(hashes.data());
  (void)write_at(hashes_.get(), ByteView(bytes, hashes.size_bytes()),
                 (index - first_) * sizeof(Hash));
}

void Segment::sync_hashes() {
  if (hashes_.is_open()) (void)sync_data(hashes_.get());
}

Result<SegmentReader> SegmentReader::open(const std::string& path, std::uint64_t offset) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT) return error(Code::kNotFound, "no_file", path);
    return io_error(path, errno);
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return io_error(path, errno);
  if (!S_ISREG(info.st_mode)) return io_error(path, EINVAL);
  return SegmentReader(std::move(file), offset);
}

// Moves the rest to the front and reads on behind it.
Status SegmentReader::fill() {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + kReadBytes);
  ssize_t got = -1;
  do {
    got = pread(file_.get(), buffer_.data() + kept, kReadBytes, static_cast<off_t>(offset_ + kept));
  } while (got < 0 && errno == EINTR);
  buffer_.resize(kept + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return io_error("reading an access log", errno);
  at_end_ = got == 0;
  return ok();
}

Result<SegmentReader::Got> SegmentReader::next(std::string_view& record) {
  while (true) {
    const ByteView rest = ByteView(buffer_).subspan(begin_);
    const std::size_t length = rest.size() < 2 ? 0 : std::size_t(rest[0] << 8 | rest[1]);
    if (rest.size() >= 2 && length == 0) return Got::kTorn;
    if (rest.size() >= 2 && rest.size() - 2 >= length) {
      record = as_text(rest.subspan(2, length));
      begin_ += 2 + length;
      offset_ += 2 + length;
      return Got::kRecord;
    }
    if (at_end_) return rest.empty() ? Got::kEnd : Got::kTorn;
    KW_OK(fill());
  }
}

}  // namespace kw::audit
