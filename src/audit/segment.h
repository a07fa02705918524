// One file of the access log, and how its folder is laid out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/files.h"
#include "audit/merkle.h"
#include "base/result.h"

namespace kw::audit {

inline constexpr std::uint64_t kSegmentRecords = 65536;

inline std::uint64_t segment_first(std::uint64_t index) {
  return index / kSegmentRecords * kSegmentRecords;
}
std::string segment_path(const std::string& folder, std::uint64_t first);
std::string hashes_path(const std::string& folder, std::uint64_t first);
/// First indexes of the segments in `folder`, ascending. @errors kUnavailable(io_error)
Result<std::vector<std::uint64_t>> list_segments(const std::string& folder);

/// The segment that is being written. One thread.
class Segment {
 public:
  enum class Mode : std::uint8_t { kCreate, kContinue };

  Segment() = default;
  /// `size` bytes of an existing file are its good part; the rest is cut off, durably.
  /// @errors kUnavailable(disk_full | io_error)
  static Result<Segment> open(const std::string& folder, std::uint64_t first, Mode mode,
                              std::uint64_t size);

  bool is_open() const { return file_.is_open(); }
  std::uint64_t first() const { return first_; }
  std::uint64_t size() const { return size_; }

  /// Writes behind the good part; all or nothing. @errors kUnavailable(disk_full | io_error)
  Status append(ByteView bytes);
  /// @errors kUnavailable(io_error): nothing that this file says is certain any more.
  Status sync();
  /// The file under its name is still ours, as long as we know it, and has one name.
  bool intact() const;
  /// Writes leaf hashes at their places. Best effort: the hashes are an aid, not evidence.
  void put_hashes(std::uint64_t index, std::span<const Hash> hashes);
  void sync_hashes();

 private:
  std::string path_;
  Descriptor file_;
  Descriptor hashes_;
  std::uint64_t first_ = 0;
  std::uint64_t size_ = 0;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// Reads records one after the other through a buffer. One thread.
class SegmentReader {
 public:
  /// @errors kNotFound(no_file), kUnavailable(io_error)
  static Result<SegmentReader> open(const std::string& path, std::uint64_t offset = 0);

  enum class Got : std::uint8_t { kRecord, kEnd, kTorn };
  /// kTorn: the file ends inside a record, or holds one without bytes. `record` is borrowed until
  /// the next call.
  Result<Got> next(std::string_view& record);
  /// Where the next record begins.
  std::uint64_t offset() const { return offset_; }

 private:
  explicit SegmentReader(Descriptor file, std::uint64_t offset)
      : file_(std::move(file)), offset_(offset) {}
  Status fill();

  Descriptor file_;
  std::uint64_t offset_ = 0;  // of buffer_[begin_]
  Bytes buffer_;
  std::size_t begin_ = 0;
  bool at_end_ = false;
};

/// kUnavailable(disk_full) for ENOSPC, EDQUOT and EFBIG, else io_error.
Error write_error(std::string_view what, int errno_value);

}  // namespace kw::audit
