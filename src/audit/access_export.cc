// Copying an access log beside an export of the change log.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "audit/access_log_state.h"
#include "audit/segment.h"

namespace kw::audit {

namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 33;

class Copy {
 public:
  Copy(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}

  /// As far as the first `records` records go.
  Status segment(std::uint64_t first, std::uint64_t records);
  /// Absent files are passed over.
  Status whole(const std::string& name);

 private:
  std::string from_;
  std::string to_;
};

Result<std::uint64_t> bytes_of(const std::string& path, std::uint64_t records) {
  KW_TRY(SegmentReader reader, SegmentReader::open(path));
  std::string_view record;
  for (std::uint64_t i = 0; i < records; ++i) {
    KW_TRY(auto got, reader.next(record));
    if (got != SegmentReader::Got::kRecord) return io_error(path, EIO);
  }
  return reader.offset();
}

Status Copy::segment(std::uint64_t first, std::uint64_t records) {
  const std::string source = segment_path(from_, first), target = segment_path(to_, first);
  std::error_code failure;
  const bool full = records == kSegmentRecords;
  const auto there = std::filesystem::file_size(target, failure);
  if (full && !failure && there == std::filesystem::file_size(source, failure) && !failure)
    return ok();
  KW_TRY(const std::uint64_t bytes, bytes_of(source, records));
  KW_TRY(Bytes content, read_file(source, kFileBytesMax));
  if (content.size() < bytes) return io_error(source, EIO);
  KW_OK(replace_file(target, ByteView(content).first(bytes)));
  KW_TRY(Bytes hashes, read_file(hashes_path(from_, first), kFileBytesMax));
  const std::size_t kept = std::min<std::size_t>(hashes.size(), records * sizeof(Hash));
  return replace_file(hashes_path(to_, first), ByteView(hashes).first(kept));
}

Status Copy::whole(const std::string& name) {
  const auto content = read_file(from_ + "/" + name, kFileBytesMax);
  if (!content && content.error().reason == "no_file") return ok();
  KW_OK(content);
  return replace_file(to_ + "/" + name, *content);
}

}  // namespace

Result<AccessLog::Promises> AccessLog::promises() const {
  std::lock_guard one_at_a_time(state_->checkpoint_mutex);
  const auto text = [&](const char* name) -> Result<std::string> {
    const auto content = read_file(state_->folder + "/" + name, kFileBytesMax);
    if (content) return std::string(as_text(*content));
    if (content.error().reason == "no_file") return std::string();
    return content.error();
  };
  Promises all;
  KW_TRY(all.verifier_key, text("vkey"));
  KW_TRY(all.checkpoints, text("checkpoints"));
  return all;
}

Status AccessLog::export_to(const std::string& directory) const {
  const State& state = *state_;
  const std::string target = directory + "/access/" + state.options.node;
  const auto copy_all = [&]() -> Status {
    KW_OK(make_directories(target));
    Copy copy(state.folder, target);
    // First the promises, then what they promise: the copy never has a checkpoint beyond its
    // records.
    KW_OK(copy.whole("vkey"));
    KW_OK(copy.whole("checkpoints"));
    const std::uint64_t size = state.durable_size;
    for (std::uint64_t first = 0; first < size; first += kSegmentRecords)
      KW_OK(copy.segment(first, std::min(size - first, kSegmentRecords)));
    return sync_directory(target);
  };
  const Status copied = copy_all();
  if (copied) return ok();
  return error(Code::kUnavailable, "export_failed", copied.error().message);
}

}  // namespace kw::audit
