#include "audit/access_recovery.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "audit/leaf.h"
#include "audit/note.h"
#include "audit/segment.h"

namespace kw::audit {

namespace {

constexpr std::size_t kCutBytesMax = 256u << 20;

Error truncated() {
  return error(Code::kDataLoss, "audit_truncated",
               "the access log has fewer records than it had; run `keywright audit verify`");
}
Error tampered() {
  return error(Code::kDataLoss, "audit_tampered",
               "the access log is not the one that was written; run `keywright audit verify`");
}

// What the log is known to have been at some size.
struct Known {
  std::uint64_t size = 0;
  Hash root{};
};

class Recovery {
 public:
  Recovery(const std::string& folder, std::vector<Known> known, Frontier start)
      : folder_(folder), known_(std::move(known)) {
    result_.frontier = std::move(start);
  }

  Result<Recovered> run(const std::vector<std::uint64_t>& segments) {
    for (const std::uint64_t first : segments)
      if (first >= result_.frontier.size()) KW_OK(scan(first, first == segments.back()));
    KW_OK(all_there());
    result_.begun = !segments.empty() && segments.back() == segment_first(result_.frontier.size());
    return std::move(result_);
  }

 private:
  Status all_there() const {
    for (const Known& known : known_)
      if (known.size > result_.frontier.size()) return truncated();
    return ok();
  }
  Status scan(std::uint64_t first, bool last);
  Status add(std::string_view record);
  Status set_aside(const std::string& path, std::uint64_t offset);

  const std::string& folder_;
  std::vector<Known> known_;
  Recovered result_;
};

Status Recovery::add(std::string_view record) {
  const Hash hash = leaf_hash(as_bytes(record));
  result_.frontier.add(hash);
  result_.hashes.push_back(hash);
  for (const Known& known : known_)
    if (known.size == result_.frontier.size() && known.root != result_.frontier.root())
      return tampered();
  return ok();
}

Status Recovery::scan(std::uint64_t first, bool last) {
  if (first != result_.frontier.size()) return truncated();
  const std::string path = segment_path(folder_, first);
  KW_TRY(SegmentReader reader, SegmentReader::open(path));
  result_.hashes.clear();
  std::uint64_t good = 0;
  std::string_view record;
  KW_TRY(auto got, reader.next(record));
  while (got == SegmentReader::Got::kRecord && parse_leaf(record).has_value()) {
    if (result_.hashes.size() == kSegmentRecords) return tampered();
    KW_OK(add(record));
    good = reader.offset();
    KW_TRY(got, reader.next(record));
  }
  result_.segment_bytes = good;
  if (got == SegmentReader::Got::kEnd) {
    // The next segment begins only when this one is full.
    return last || result_.hashes.size() == kSegmentRecords ? ok() : Status(truncated());
  }
  if (!last) return tampered();
  KW_OK(all_there());
  return set_aside(path, good);
}

// A crash may leave half a group behind the last durable one. It was never acknowledged; it is kept
// all the same.
Status Recovery::set_aside(const std::string& path, std::uint64_t offset) {
  KW_TRY(Bytes whole, read_file(path, kCutBytesMax + offset));
  if (whole.size() < offset) return tampered();
  result_.cut_bytes = whole.size() - offset;
  KW_OK(replace_file(folder_ + "/cut-" + std::to_string(result_.frontier.size()),
                     ByteView(whole).subspan(offset)));
  return sync_directory(folder_);
}

}  // namespace

Result<std::string> recover_notes(const std::string& folder) {
  const std::string path = folder + "/checkpoints";
  const auto bytes = read_file(path, kNotesFileBytesMax);
  if (!bytes && bytes.error().reason == "no_file") return std::string();
  KW_OK(bytes);
  const std::string_view file = as_text(*bytes);
  const auto notes = split_notes(file);
  const char* end = notes.empty() ? file.data() : notes.back().data() + notes.back().size() + 1;
  const auto good = static_cast<std::size_t>(end - file.data());
  if (good < file.size() && truncate(path.c_str(), static_cast<off_t>(good)) != 0)
    return io_error(path, errno);
  return notes.empty() ? std::string() : std::string(notes.back());
}

Result<Recovered> recover(const std::string& folder, const Frontier& head) {
  KW_TRY(const auto segments, list_segments(folder));
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (segments[i] != i * kSegmentRecords) return truncated();
  std::vector<Known> known = {{head.size(), head.root()}};
  KW_TRY(const std::string newest, recover_notes(folder));
  if (!newest.empty()) {
    const auto note = parse_note(newest);
    const auto checkpoint = note ? parse_checkpoint(note->text) : Result<Checkpoint>(note.error());
    if (!checkpoint) return tampered();
    known.push_back({checkpoint->size, checkpoint->root});
  }
  const std::uint64_t start = segment_first(head.size());
  if (segments.size() * kSegmentRecords < start) return truncated();
  return Recovery(folder, std::move(known), head.prefix(start)).run(segments);
}

}  // namespace kw::audit
