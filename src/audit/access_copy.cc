#include "audit/access_copy.h"

#include "audit/segment.h"
#include "audit/tile.h"
#include "base/name.h"

namespace kw::audit {

namespace {

constexpr std::size_t kVkeyBytesMax = 4096;

Error foreign() {
  return error(Code::kFailedPrecondition, "foreign_export",
               "another log's copy is there, or a damaged one: export to an empty directory");
}

}  // namespace

struct AccessCopy::State {
  Status go_on();
  Status turn();

  std::string folder;
  AccessLog::Promises promises;
  Segment segment;
  std::uint64_t size = 0;
};

AccessCopy::AccessCopy(std::unique_ptr<State> state) : state_(std::move(state)) {}
AccessCopy::AccessCopy(AccessCopy&&) noexcept = default;
AccessCopy::~AccessCopy() = default;

std::uint64_t AccessCopy::size() const {
  return state_->size;
}

Result<AccessCopy> AccessCopy::open(const std::string& directory, const std::string& node,
                                    AccessLog::Promises promises) {
  KW_TRY(const ObjectName name, ObjectName::parse(node));
  auto state = std::make_unique<State>();
  state->folder = directory + "/access/" + name.text();
  state->promises = std::move(promises);
  KW_OK(make_directories(state->folder));
  const auto vkey = read_file(state->folder + "/vkey", kVkeyBytesMax);
  if (vkey && as_text(*vkey) != state->promises.verifier_key) return foreign();
  KW_OK(state->go_on());
  return AccessCopy(std::move(state));
}

// Counts what the last segment holds; a torn end is cut off when it is opened.
Status AccessCopy::State::go_on() {
  KW_TRY(const auto segments, list_segments(folder));
  if (segments.empty()) return turn();
  size = segments.back();
  if (size != (segments.size() - 1) * kSegmentRecords) return foreign();
  KW_TRY(SegmentReader reader, SegmentReader::open(segment_path(folder, size)));
  std::string_view record;
  std::uint64_t end = 0;
  KW_TRY(auto got, reader.next(record));
  while (got == SegmentReader::Got::kRecord) {
    end = reader.offset();
    ++size;
    KW_TRY(got, reader.next(record));
  }
  if (size - segments.back() > kSegmentRecords) return foreign();
  if (size - segments.back() == kSegmentRecords) return turn();
  KW_TRY(segment, Segment::open(folder, segments.back(), Segment::Mode::kContinue, end));
  return ok();
}

// The present segment is full, or there is none.
Status AccessCopy::State::turn() {
  if (segment.is_open()) {
    KW_OK(segment.sync());
    segment.sync_hashes();
  }
  KW_TRY(segment, Segment::open(folder, size, Segment::Mode::kCreate, 0));
  return ok();
}

Status AccessCopy::add(ByteView records) {
  State& state = *state_;
  EntryReader reader(records);
  while (!reader.done()) {
    KW_TRY(const std::string_view leaf, reader.next());
    if (leaf.empty()) return error(Code::kInvalidArgument, "truncated", "a record without bytes");
    Bytes entry;
    append_entry(entry, leaf);
    const Hash hash = leaf_hash(as_bytes(leaf));
    KW_OK(state.segment.append(entry));
    state.segment.put_hashes(state.size, {&hash, 1});
    ++state.size;
    if (state.size % kSegmentRecords == 0) KW_OK(state.turn());
  }
  return ok();
}

Status AccessCopy::finish() {
  State& state = *state_;
  KW_OK(state.segment.sync());
  state.segment.sync_hashes();
  KW_OK(replace_file(state.folder + "/vkey", as_bytes(state.promises.verifier_key)));
  KW_OK(replace_file(state.folder + "/checkpoints", as_bytes(state.promises.checkpoints)));
  return sync_directory(state.folder);
}

}  // namespace kw::audit
