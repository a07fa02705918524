#include "connectors/tree_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "connectors/path_text.h"

namespace kw::connectors {

namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Error unreadable() {
  return error(Code::kFailedPrecondition, "unreadable_folder",
               "a folder of the tree cannot be read");
}

}  // namespace

OpenFile::~OpenFile() {
  if (number_ >= 0) close(number_);
}

Result<TreeWalk> TreeWalk::open(const std::string& root) {
  OpenFile folder(::open(root.c_str(), kFolder));
  struct stat facts {};
  if (!folder || fstat(folder.number(), &facts) != 0)
    return error(Code::kFailedPrecondition, "no_directory",
                 "the tree's folder cannot be opened, or is a symbolic link");
  return TreeWalk(std::move(folder), root, facts.st_dev);
}

OpenFile TreeWalk::open_folder(int parent, const char* name) const {
  OpenFile folder(openat(parent, name, kFolder));
  struct stat facts {};
  if (!folder || fstat(folder.number(), &facts) != 0) return OpenFile();
  if (facts.st_dev == device_) return folder;
  errno = EXDEV;
  return OpenFile();
}

Result<std::vector<TreeWalk::Entry>> TreeWalk::list(const OpenFile& folder) const {
  // A fresh description: the position of a duplicate would be shared.
  const int again = openat(folder.number(), ".", kFolder);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(again < 0 ? nullptr : fdopendir(again),
                                                   closedir);
  if (stream == nullptr) {
    if (again >= 0) close(again);
    return unreadable();
  }
  std::vector<Entry> entries;
  errno = 0;
  while (const dirent* found = readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe): own DIR
    const std::string name = found->d_name;
    if (name == "." || name == "..") continue;
    unsigned char type = found->d_type;
    struct stat facts {};
    if (type == DT_UNKNOWN &&
        fstatat(folder.number(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0)
      type = S_ISREG(facts.st_mode) ? DT_REG : S_ISDIR(facts.st_mode) ? DT_DIR : DT_LNK;
    if (type == DT_REG && name.starts_with(kUnfinishedPrefix)) {
      unlinkat(folder.number(), name.c_str(), 0);
    } else if (type == DT_REG || type == DT_DIR) {
      entries.push_back({name, type == DT_DIR});
    }
    errno = 0;
  }
  if (errno != 0) return unreadable();
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

// A folder that went away meanwhile holds nothing; one that may not be read stops the walk.
Status TreeWalk::enter(const std::string& name) {
  Frame frame;
  if (frames_.empty()) {
    frame.folder = OpenFile(openat(root_.number(), ".", kFolder));
  } else {
    const Frame& above = frames_.back();
    frame.folder = open_folder(above.folder.number(), name.c_str());
    frame.path = above.path + name + "/";
    const bool forbidden = !frame.folder && (errno == EACCES || errno == EPERM || errno == EMFILE);
    if (forbidden) return unreadable();
    if (!frame.folder) return ok();
  }
  KW_TRY(frame.entries, list(frame.folder));
  frames_.push_back(std::move(frame));
  return ok();
}

Status TreeWalk::seek(std::string_view path) {
  frames_.clear();
  KW_OK(enter(""));
  if (path.empty()) return ok();
  const auto names = path_names(path);
  for (std::size_t depth = 0; depth < names.size(); ++depth) {
    Frame& frame = frames_.back();
    const auto found = std::lower_bound(
        frame.entries.begin(), frame.entries.end(), names[depth],
        [](const Entry& entry, std::string_view name) { return entry.name < name; });
    frame.at = static_cast<std::size_t>(found - frame.entries.begin());
    if (found == frame.entries.end() || found->name != names[depth]) return ok();
    ++frame.at;
    if (!found->folder) return ok();
    const std::size_t above = frames_.size();
    KW_OK(enter(std::string(names[depth])));
    if (frames_.size() == above) return ok();
  }
  return ok();
}

Result<std::optional<std::string>> TreeWalk::next() {
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    if (frame.at == frame.entries.size()) {
      frames_.pop_back();
      continue;
    }
    const Entry entry = frame.entries[frame.at++];
    if (!entry.folder) return std::optional(frame.path + entry.name);
    KW_OK(enter(entry.name));
  }
  return std::optional<std::string>();
}

std::optional<OpenFile> TreeWalk::folder_of(std::string_view path) const {
  OpenFile folder(openat(root_.number(), ".", kFolder));
  const auto names = path_names(path);
  for (std::size_t i = 0; folder && i + 1 < names.size(); ++i)
    folder = open_folder(folder.number(), std::string(names[i]).c_str());
  if (!folder) return std::nullopt;
  return folder;
}

}  // namespace kw::connectors
