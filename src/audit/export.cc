// Writing the change log out as files that a stranger can verify.
#include <filesystem>
#include <functional>
#include <set>

#include "audit/change_log.h"
#include "audit/change_log_state.h"
#include "audit/files.h"
#include "audit/stored_tree.h"

namespace kw::audit {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNotesPerRead = 1000;

Error export_failed(const Error& cause) {
  return error(Code::kUnavailable, "export_failed", cause.message);
}

// The tiles of a tree of one size, level by level.
void for_each_tile(std::uint64_t size, const std::function<Status(const TileName&)>& visit,
                   Status& outcome) {
  for (int level = kEntriesLevel; level < 8; ++level) {
    const std::uint64_t hashes = size >> (level <= 0 ? 0 : 8 * level);
    const std::uint64_t full = hashes / kTileWidth;
    for (std::uint64_t index = 0; index < full && outcome; ++index)
      outcome = visit({level, index, kTileWidth});
    const auto rest = static_cast<std::uint32_t>(hashes % kTileWidth);
    if (rest != 0 && outcome) outcome = visit({level, full, rest});
  }
}

class Exporter {
 public:
  Exporter(store::Store& store, std::string directory)
      : store_(store), directory_(std::move(directory)) {}

  Status check_target(const Checkpoint& newest);
  Status write_tiles(std::uint64_t size);
  Status write_notes(std::uint64_t size);
  Status write(std::string_view name, ByteView bytes);
  /// All renames so far survive a power loss.
  Status sync();
  void remove_superseded(std::uint64_t size);

 private:
  std::string place(std::string_view name) const { return directory_ + "/" + std::string(name); }
  Status write_tile(const TileName& name);
  bool is_written(const TileName& name) const;

  store::Store& store_;
  std::string directory_;
  std::set<std::string> touched_;
};

Status Exporter::write(std::string_view name, ByteView bytes) {
  const std::string path = place(name);
  const std::string parent = fs::path(path).parent_path().string();
  if (touched_.insert(parent).second) KW_OK(make_directories(parent));
  return replace_file(path, bytes);
}

Status Exporter::sync() {
  // Parents as well: a new directory is an entry of its parent.
  std::set<std::string> all = touched_;
  for (const std::string& directory : touched_)
    for (fs::path at = directory; at.string().size() > directory_.size(); at = at.parent_path())
      all.insert(at.parent_path().string());
  for (const std::string& directory : all) KW_OK(sync_directory(directory));
  return ok();
}

// An export grows; it never becomes another log's, nor one that has forgotten.
Status Exporter::check_target(const Checkpoint& newest) {
  std::error_code failure;
  if (!fs::exists(directory_, failure)) return ok();
  const auto foreign = [] {
    return error(Code::kFailedPrecondition, "foreign_export",
                 "the directory holds an export of another log or of another history");
  };
  const auto bytes = read_file(place("checkpoint"), kNoteBytesMax);
  if (!bytes) {
    const bool usable = fs::is_empty(directory_, failure) || fs::exists(place("tile"), failure) ||
                        fs::exists(place("access"), failure);
    if (usable) return ok();
    return error(Code::kFailedPrecondition, "not_an_export",
                 "the directory holds files, but no audit export");
  }
  const auto note = parse_note(as_text(*bytes));
  const auto old = note ? parse_checkpoint(note->text) : Result<Checkpoint>(note.error());
  if (!old || old->origin != newest.origin || old->size > newest.size) return foreign();
  return store_.read([&](store::Reader& reader) -> Status {
    StoredTree tree(reader);
    KW_TRY(Hash root, root_of(tree, old->size));
    return root == old->root ? ok() : Status(foreign());
  });
}

// Full tiles never change: an older export's are kept.
bool Exporter::is_written(const TileName& name) const {
  std::error_code failure;
  const auto bytes = fs::file_size(place(tile_path(name)), failure);
  if (failure || name.width != kTileWidth) return false;
  return name.level == kEntriesLevel ? bytes > 0 : bytes == kTileWidth * sizeof(Hash);
}

Status Exporter::write_tile(const TileName& name) {
  if (is_written(name)) return ok();
  Bytes bytes;
  KW_OK(store_.read([&](store::Reader& reader) -> Status {
    StoredTree tree(reader);
    KW_TRY(bytes, tree.tile(name));
    return ok();
  }));
  return write(tile_path(name), bytes);
}

Status Exporter::write_tiles(std::uint64_t size) {
  Status outcome;
  for_each_tile(
      size, [&](const TileName& name) { return write_tile(name); }, outcome);
  return outcome;
}

Status Exporter::write_notes(std::uint64_t size) {
  std::string notes;
  std::int64_t after = -1;
  std::size_t got = 0;
  do {
    KW_OK(store_.read([&](store::Reader& reader) -> Status {
      KW_TRY(store::Rows rows,
             reader.query("SELECT size, note FROM audit_checkpoint WHERE size > $1 AND size <= $2"
                          " ORDER BY size LIMIT $3",
                          {after, static_cast<std::int64_t>(size),
                           static_cast<std::int64_t>(kNotesPerRead)}));
      got = rows.size();
      for (const store::Row& row : rows) {
        after = row.integer(0);
        notes += row.text(1) + "\n";
      }
      return ok();
    }));
  } while (got == kNotesPerRead);
  return write("checkpoints", as_bytes(notes));
}

// Partial tiles of older sizes; what cannot be removed only takes space.
void Exporter::remove_superseded(std::uint64_t size) {
  Status outcome;
  for_each_tile(
      size,
      [&](const TileName& name) {
        std::error_code failure;
        const std::string full = place(tile_path({name.level, name.index, kTileWidth}));
        if (name.width == kTileWidth) {
          fs::remove_all(full + ".p", failure);
          return ok();
        }
        fs::directory_iterator at(full + ".p", failure), end;
        for (; !failure && at != end; at.increment(failure)) {
          std::error_code kept;
          if (at->path().filename() != std::to_string(name.width)) fs::remove(at->path(), kept);
        }
        return ok();
      },
      outcome);
}

}  // namespace

Status ChangeLog::export_to(const std::string& directory) {
  const bool can_sign = state_->current_signer() != nullptr;
  KW_TRY(const std::string newest, can_sign ? checkpoint() : latest_checkpoint());
  if (newest.empty())
    return error(Code::kUnavailable, "sealed", "unseal once: the log has no signed checkpoint yet");
  KW_TRY(const Note note, parse_note(newest));
  KW_TRY(const Checkpoint checkpoint, parse_checkpoint(note.text));
  KW_TRY(const std::string key, verifier_key());

  Exporter exporter(state_->store, directory);
  KW_OK(exporter.check_target(checkpoint));
  const auto write_all = [&]() -> Status {
    KW_OK(exporter.write_tiles(checkpoint.size));
    KW_OK(exporter.write_notes(checkpoint.size));
    KW_OK(exporter.write("vkey", as_bytes(key + "\n")));
    KW_OK(exporter.sync());
    // Last: whoever sees this checkpoint finds all that it promises.
    KW_OK(exporter.write("checkpoint", as_bytes(newest)));
    return exporter.sync();
  };
  const Status written = write_all();
  if (!written && written.error().reason == "io_error") return export_failed(written.error());
  KW_OK(written);
  exporter.remove_superseded(checkpoint.size);
  return ok();
}

}  // namespace kw::audit
