#include "connectors/directory_tree.h"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <set>

#include "base/clock.h"
#include "connectors/aad_template.h"
#include "connectors/file_replacement.h"
#include "connectors/path_text.h"
#include "crypto/sealed_file.h"

namespace kw::connectors {

namespace {

using rotation::Census;
using rotation::Page;
using rotation::PageRequest;
using rotation::Rewrite;
using Form = EncryptedFile::Form;

constexpr std::size_t kPageBytesMax = std::size_t{16} << 20;
// Files know no transactions: whoever wrote while we counted has this long to be done.
constexpr std::chrono::seconds kSettle{2};

std::int64_t now_ms() {
  return to_micros(SystemClock().wall()) / 1000;
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

class Tree final : public rotation::DataStore {
 public:
  Tree(DirectoryTree tree, PlaceNames names, TreeWalk walk, AadTemplate aad)
      : tree_(std::move(tree)),
        names_(std::move(names)),
        walk_(std::move(walk)),
        aad_(std::move(aad)) {}

  // Files have no place for a checkpoint: the runner's row is it.
  Result<std::optional<rotation::Checkpoint>> resume(std::string_view) override {
    return std::optional<rotation::Checkpoint>();
  }
  Result<Census> census() override;
  Result<bool> settled(std::string_view moment) override;
  Result<Page> next(const PageRequest& request) override;
  Result<std::vector<std::size_t>> replace(std::span<const Rewrite> rewrites) override;
  Status commit(const rotation::Checkpoint& checkpoint) override;
  void abandon() override { found_.clear(); }
  Result<rotation::Pressure> pressure(double) override { return rotation::Pressure{}; }

 private:
  struct Found {
    std::string path;
    EncryptedFile file;
  };
  Result<std::optional<std::string>> next_path();
  Status go_behind(const std::string& cursor);
  void add(std::string path, EncryptedFile file, Page& page);
  Result<bool> rewrite(const Found& found, ByteView ciphertext);

  const DirectoryTree tree_;
  const PlaceNames names_;
  TreeWalk walk_;
  const AadTemplate aad_;
  std::string at_ = "?";           // the cursor behind which the walk stands; "?" is none
  std::vector<Found> found_;       // the items of the page
  std::set<std::string> folders_;  // changed since the last commit; by a file in them
};

Result<std::optional<std::string>> Tree::next_path() {
  for (;;) {
    KW_TRY(auto path, walk_.next());
    if (!path || path->ends_with(tree_.suffix)) return path;
  }
}

Result<Census> Tree::census() {
  at_ = "?";
  KW_OK(walk_.seek(""));
  Census census;
  for (;;) {
    KW_TRY(const auto path, next_path());
    if (!path) break;
    const auto folder = walk_.folder_of(*path);
    if (!folder) continue;
    KW_TRY(const auto file, look_at_file(*folder, name_of(*path), names_.key));
    if (file) ++(file->version ? census.by_version[*file->version] : census.others);
  }
  census.moment = std::to_string(now_ms());
  return census;
}

Result<bool> Tree::settled(std::string_view moment) {
  std::int64_t then = 0;
  const auto read = std::from_chars(moment.data(), moment.data() + moment.size(), then);
  if (read.ec != std::errc()) return true;  // of another kind of store
  // A clock that was set back waits for another count rather than for ever.
  const std::int64_t age = now_ms() - then;
  return age < 0 || std::chrono::milliseconds(age) >= kSettle;
}

// The walk usually stands there already; otherwise it finds its way by the names.
Status Tree::go_behind(const std::string& cursor) {
  if (cursor == at_) return ok();
  std::string path;
  if (!cursor.empty()) {
    KW_TRY(path, path_of_text(cursor));
  }
  return walk_.seek(path);
}

void Tree::add(std::string path, EncryptedFile file, Page& page) {
  rotation::DataItem item;
  item.name = path_text(path);
  item.ciphertext = file.ciphertext;
  item.unfit = file.unfit;
  item.aad = aad_.fill({{"tenant", names_.tenant},
                        {"store", names_.place},
                        {"path", path},
                        {"name", name_of(path)}});
  page.items.push_back(std::move(item));
  found_.push_back({std::move(path), std::move(file)});
}

Result<Page> Tree::next(const PageRequest& request) {
  abandon();
  KW_OK(go_behind(request.after));
  at_ = "?";
  Page page;
  page.end = request.after;
  std::size_t held = 0;
  while (static_cast<std::size_t>(page.looked_at) < request.limit && held < kPageBytesMax) {
    KW_TRY(auto path, next_path());
    if (!path) break;
    ++page.looked_at;
    page.end = path_text(*path);
    const auto folder = walk_.folder_of(*path);
    if (!folder) continue;
    KW_TRY(auto file, look_at_file(*folder, name_of(*path), names_.key));
    if (!file || file->version == request.target) continue;
    KW_TRY(file, read_encrypted_file(*folder, name_of(*path), names_.key));
    if (!file) continue;
    held += file->ciphertext.size();
    add(*std::move(path), *std::move(file), page);
  }
  at_ = page.end;
  return page;
}

Result<bool> Tree::rewrite(const Found& found, ByteView ciphertext) {
  const auto folder = walk_.folder_of(found.path);
  if (!folder) return false;
  const bool sealed = found.file.form == Form::kSealedFile;
  const Bytes start = sealed ? crypto::join_sealed_file({ciphertext, {}}) : to_bytes(ciphertext);
  return replace_file(*folder, name_of(found.path), found.file, start);
}

Result<std::vector<std::size_t>> Tree::replace(std::span<const Rewrite> rewrites) {
  std::vector<std::size_t> written;
  for (const Rewrite& each : rewrites) {
    const Found& found = found_.at(each.item);
    KW_TRY(const bool done, rewrite(found, each.ciphertext));
    if (!done) continue;
    written.push_back(each.item);
    folders_.insert(found.path.substr(0, found.path.size() - name_of(found.path).size()));
  }
  return written;
}

// The new names are durable when their folders are.
Status Tree::commit(const rotation::Checkpoint&) {
  for (const std::string& path : folders_) {
    const auto folder = walk_.folder_of(path + "x");
    if (folder && fsync(folder->number()) != 0)
      return error(Code::kUnavailable, "target_unavailable",
                   "a folder of the tree cannot be synced");
  }
  folders_.clear();
  found_.clear();
  return ok();
}

const std::vector<std::string_view>& aad_names() {
  static const std::vector<std::string_view> kNames{"tenant", "store", "path", "name"};
  return kNames;
}

}  // namespace

Status check(const DirectoryTree& tree) {
  KW_OK(AadTemplate::parse(tree.aad, aad_names()));
  const std::filesystem::path path(tree.path);
  if (path.is_absolute() && path.lexically_normal() == path && path.has_filename())
    return ok();
  return error(Code::kInvalidArgument, "bad_path",
               "the path of a tree is absolute, without . and .., and not the root");
}

Result<std::unique_ptr<rotation::DataStore>> open_directory_tree(const DirectoryTree& tree,
                                                                 const PlaceNames& names) {
  KW_OK(check(tree));
  KW_TRY(AadTemplate aad, AadTemplate::parse(tree.aad, aad_names()));
  KW_TRY(TreeWalk walk, TreeWalk::open(tree.path));
  return std::unique_ptr<rotation::DataStore>(
      new Tree(tree, names, std::move(walk), std::move(aad)));
}

}  // namespace kw::connectors
