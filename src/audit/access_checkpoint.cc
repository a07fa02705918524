// Checkpoints of an access log, their anchors, and reading it back.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "audit/access_log_state.h"
#include "audit/change_log.h"
#include "audit/note.h"
#include "base/failpoint.h"
#include "codec/base64.h"

namespace kw::audit {

namespace {

constexpr std::size_t kReadMax = 10000;

struct Signed {
  std::string note;
  Checkpoint checkpoint;
};

// A failure may leave part of the note behind.
Status append_note(const std::string& folder, const std::string& note) {
  const std::string path = folder + "/checkpoints";
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  struct stat info {};
  if (!file.is_open() || fstat(file.get(), &info) != 0) return io_error(path, errno);
  const auto end = static_cast<std::uint64_t>(info.st_size);
  int failure = write_at(file.get(), as_bytes(note + "\n"), end);
  if (failure == 0 && fsync(file.get()) != 0) failure = errno;
  if (failure == 0) return end == 0 ? sync_directory(folder) : ok();
  return io_error(path, failure);
}

Result<Signed> sign(const Frontier& head, const std::string& origin,
                    const crypto::SigningKey& key) {
  Signed made;
  made.checkpoint = {origin, head.size(), head.root()};
  made.note = sign_checkpoint(made.checkpoint, key);
  return made;
}

Status write_vkey(const std::string& folder, const std::string& origin,
                  const crypto::SigningKey& key) {
  VerifierKey verifier;
  verifier.name = origin;
  verifier.public_key = key.public_key();
  return replace_file(folder + "/vkey", as_bytes(vkey_line(verifier) + "\n"));
}

}  // namespace

Result<std::string> AccessLog::checkpoint() {
  State& state = *state_;
  std::lock_guard one_at_a_time(state.checkpoint_mutex);
  std::shared_ptr<const crypto::SigningKey> signer;
  Frontier head;
  {
    std::lock_guard guard(state.head_mutex);
    signer = state.signer;
    head = state.durable_frontier;
  }
  if (signer == nullptr) return error(Code::kUnavailable, "sealed", "the server is sealed");
  if (state.failed) return audit_unavailable("the access log has failed");
  KW_TRY(Signed made, sign(head, state.options.origin, *signer));
  // Ed25519 is deterministic: the same head under the same key makes the same note.
  if (made.note == state.newest_note) return made.note;
  KW_FAILPOINT("audit.checkpoint");
  const auto store_note = [&]() -> Status {
    if (!state.vkey_written) KW_OK(write_vkey(state.folder, state.options.origin, *signer));
    state.vkey_written = true;
    if (state.notes_torn) KW_OK(recover_notes(state.folder));
    state.notes_torn = true;
    KW_OK(append_note(state.folder, made.note));
    state.notes_torn = false;
    return ok();
  };
  if (const Status stored = store_note(); !stored) return audit_unavailable(stored.error().message);
  state.newest_note = made.note;
  return made.note;
}

Status anchor(ChangeLog& change_log, AccessLog& access_log) {
  KW_TRY(const std::string text, access_log.checkpoint());
  KW_TRY(const Note note, parse_note(text));
  KW_TRY(const Checkpoint checkpoint, parse_checkpoint(note.text));
  AccessLog::State& state = *access_log.state_;
  std::lock_guard one_at_a_time(state.checkpoint_mutex);
  if (checkpoint.size <= state.anchored_size) return ok();
  const std::string root = codec::base64(checkpoint.root);
  Event event;
  event.action = "audit.anchor";
  event.method = "internal";
  event.kind = "access-log";
  event.note = access_log.node();
  event.object = root;
  event.count = static_cast<std::int64_t>(checkpoint.size);
  KW_OK(change_log.append(event));
  state.anchored_size = checkpoint.size;
  return ok();
}

std::uint64_t AccessLog::anchored() const {
  return state_->anchored_size.load();
}

namespace {

Error unreadable() {
  return error(Code::kDataLoss, "audit_tampered",
               "the access log is not the one that was written; run `keywright audit verify`");
}

// Walks one segment from `at`; stops at `last` or at the segment's end.
struct Walk {
  std::uint64_t at = 0;
  std::uint64_t offset = 0;
};
Status read_segment(const std::string& folder, Walk& walk, std::uint64_t first, std::uint64_t last,
                    std::vector<std::string>& leaves) {
  const std::uint64_t segment = segment_first(walk.at);
  const std::uint64_t end = std::min(last, segment + kSegmentRecords);
  KW_TRY(SegmentReader reader, SegmentReader::open(segment_path(folder, segment), walk.offset));
  for (; walk.at < end; ++walk.at) {
    std::string_view record;
    KW_TRY(auto got, reader.next(record));
    if (got != SegmentReader::Got::kRecord) return unreadable();
    if (walk.at >= first) leaves.emplace_back(record);
  }
  walk.offset = walk.at % kSegmentRecords == 0 ? 0 : reader.offset();
  return ok();
}

}  // namespace

Result<std::vector<std::string>> AccessLog::read(std::uint64_t first, std::size_t count) const {
  const State& state = *state_;
  const std::uint64_t size = state.durable_size;
  std::vector<std::string> leaves;
  if (first >= size) return leaves;
  const std::uint64_t last = first + std::min<std::uint64_t>({count, kReadMax, size - first});
  std::lock_guard guard(state.read_mutex);
  Walk walk{segment_first(first), 0};
  if (state.read_index > walk.at && state.read_index <= first)
    walk = {state.read_index, state.read_offset};
  while (walk.at < last) KW_OK(read_segment(state.folder, walk, first, last, leaves));
  state.read_index = walk.at;
  state.read_offset = walk.offset;
  return leaves;
}

}  // namespace kw::audit
