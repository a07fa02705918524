#include "agent/rooted_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "agent/descriptor.h"
#include "codec/base64.h"
#include "crypto/random.h"

namespace kw::agent {

namespace {

constexpr std::string_view kTemporary = ".kw-";
constexpr std::size_t kTemporaryDigits = 16;
constexpr std::size_t kReadMax = 1 << 20;
constexpr int kTries = 8;

Error failure(int code, const std::string& path) {
  switch (code) {
    case ELOOP:
    case EXDEV:
    case ENOTDIR:
    case ENOENT:
      return error(Code::kFailedPrecondition, "unsafe_path",
                   path + ": a folder on the way is missing, or is a link");
    case EACCES:
    case EPERM:
    case EROFS:
      return error(Code::kPermissionDenied, "file_not_allowed",
                   path + ": the agent may not write there");
    case ENOSPC:
    case EDQUOT:
      return error(Code::kResourceExhausted, "disk_full", path + ": the disk is full");
    default:
      return error(Code::kUnavailable, "file_failed",
                   path + ": the system refused it (error " + std::to_string(code) + ")");
  }
}

Error swapped(const std::string& path) {
  return error(Code::kAborted, "file_swapped",
               path + ": somebody changed its folder while it was written");
}

int open_beneath(int folder, const char* path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long opened = -1;
  // EAGAIN: something was renamed while the kernel walked (openat2(2)).
  for (int i = 0; i < kTries; ++i) {
    opened = syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (opened >= 0 || errno != EAGAIN) break;
  }
  return static_cast<int>(opened);
}

Result<Descriptor> open_folder(const RootedPath& path) {
  Descriptor root(open(path.root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return failure(errno, path.text());
  if (path.folder.empty()) return root;
  Descriptor folder(open_beneath(root.get(), path.folder.c_str(), O_RDONLY | O_DIRECTORY));
  if (!folder.valid()) return failure(errno == EAGAIN ? ELOOP : errno, path.text());
  return folder;
}

struct Identity {
  dev_t device = 0;
  ino_t number = 0;
  bool operator==(const Identity&) const = default;
};

std::optional<struct stat> status_of(int descriptor) {
  struct stat found {};
  if (fstat(descriptor, &found) != 0) return std::nullopt;
  return found;
}

Identity identity_of(const struct stat& status) {
  return {status.st_dev, status.st_ino};
}

// What the name in the folder is now, without following a link.
std::optional<Identity> identity_at(int folder, const std::string& name) {
  struct stat found {};
  if (fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return identity_of(found);
}

bool write_all(int file, ByteView content) {
  while (!content.empty()) {
    const ssize_t count = write(file, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    content = content.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

// A new file in a folder, under a name that nobody can guess; taken away unless it was put in
// place.
class Draft {
 public:
  explicit Draft(int folder) : folder_(folder) {
    std::array<std::uint8_t, kTemporaryDigits / 2> random{};
    crypto::random_public(random);
    name_ = std::string(kTemporary) + codec::hex(random);
    file_ = Descriptor(
        openat(folder, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  }
  ~Draft() {
    if (file_.valid() && !placed_) remove_if_ours(name_);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  bool valid() const { return file_.valid(); }

  // Owner first: changing it clears bits of the mode.
  bool fill(ByteView content, const FileForm& form) {
    if (!write_all(file_.get(), content)) return false;
    const uid_t owner = form.owner.value_or(static_cast<uid_t>(-1));
    const gid_t group = form.group.value_or(static_cast<gid_t>(-1));
    if ((form.owner || form.group) && fchown(file_.get(), owner, group) != 0) return false;
    if (fchmod(file_.get(), form.mode & 0777) != 0 || fsync(file_.get()) != 0) return false;
    const auto status = status_of(file_.get());
    if (!status) return false;
    identity_ = identity_of(*status);
    return true;
  }

  // Still ours alone, under its name: no second name was given to it, no other file took its place.
  bool is_untouched() const {
    const auto status = status_of(file_.get());
    return status && status->st_nlink == 1 && identity_at(folder_, name_) == identity_;
  }

  bool rename_to(const std::string& name) {
    placed_ = renameat(folder_, name_.c_str(), folder_, name.c_str()) == 0;
    return placed_;
  }
  bool is_at(int folder, const std::string& name) const {
    return identity_at(folder, name) == identity_;
  }
  void remove_if_ours(const std::string& name) const {
    const auto status = status_of(file_.get());
    if (status && identity_at(folder_, name) == identity_of(*status))
      unlinkat(folder_, name.c_str(), 0);
  }

 private:
  int folder_;
  std::string name_;
  Descriptor file_;
  std::optional<Identity> identity_;
  bool placed_ = false;
};

bool is_temporary(std::string_view name) {
  return name.size() == kTemporary.size() + kTemporaryDigits && name.starts_with(kTemporary) &&
         name.find_first_not_of("0123456789abcdef", kTemporary.size()) == name.npos;
}

bool is_plain(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.find('\0') == part.npos;
}

bool has_plain_parts(std::string_view path) {
  for (;;) {
    const std::size_t end = path.find('/');
    if (!is_plain(path.substr(0, end))) return false;
    if (end == path.npos) return true;
    path.remove_prefix(end + 1);
  }
}

}  // namespace

std::string RootedPath::text() const {
  return root + "/" + (folder.empty() ? "" : folder + "/") + name;
}

Result<RootedPath> Roots::place(const std::string& path) const {
  for (const std::string& root : folders_) {
    if (!path.starts_with(root + "/")) continue;
    const std::string below = path.substr(root.size() + 1);
    if (!has_plain_parts(below) || is_temporary(below.substr(below.rfind('/') + 1))) break;
    const std::size_t last = below.rfind('/');
    if (last == below.npos) return RootedPath{root, "", below};
    return RootedPath{root, below.substr(0, last), below.substr(last + 1)};
  }
  return error(Code::kInvalidArgument, "outside_roots",
               path + " is not below one of the configured roots");
}

Status Roots::replace(const RootedPath& path, ByteView content, const FileForm& form) {
  KW_TRY(const Descriptor folder, open_folder(path));
  Draft draft(folder.get());
  if (!draft.valid() || !draft.fill(content, form)) return failure(errno, path.text());
  if (!draft.is_untouched()) return swapped(path.text());
  if (!draft.rename_to(path.name)) return failure(errno, path.text());
  // The folder itself may have been moved elsewhere, or another file renamed in between.
  const auto again = open_folder(path);
  if (!again || !draft.is_at(again->get(), path.name)) {
    draft.remove_if_ours(path.name);
    return swapped(path.text());
  }
  if (fsync(folder.get()) != 0) return failure(errno, path.text());
  return ok();
}

Result<std::optional<WipedBytes>> Roots::read(const RootedPath& path) {
  KW_TRY(const Descriptor folder, open_folder(path));
  const Descriptor file(open_beneath(folder.get(), path.name.c_str(), O_RDONLY | O_NONBLOCK));
  if (!file.valid() && errno == ENOENT) return std::optional<WipedBytes>();
  if (!file.valid()) return failure(errno, path.text());
  const auto status = status_of(file.get());
  if (!status || !S_ISREG(status->st_mode) || static_cast<std::size_t>(status->st_size) > kReadMax)
    return failure(ELOOP, path.text());
  WipedBytes content(static_cast<std::size_t>(status->st_size));
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t count = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(errno, path.text());
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  content.resize(filled);
  return std::optional<WipedBytes>(std::move(content));
}

Status Roots::remove(const RootedPath& path) {
  KW_TRY(const Descriptor folder, open_folder(path));
  if (unlinkat(folder.get(), path.name.c_str(), 0) != 0 && errno != ENOENT)
    return failure(errno, path.text());
  return ok();
}

Status Roots::sweep(const RootedPath& path, WallTime older) {
  KW_TRY(Descriptor folder, open_folder(path));
  const int listed = dup(folder.get());
  DIR* entries = listed < 0 ? nullptr : fdopendir(listed);
  if (entries == nullptr) {
    const int why = errno;
    if (listed >= 0) close(listed);
    return failure(why, path.text());
  }
  std::vector<std::string> stale;
  while (const dirent* entry = readdir(entries))  // NOLINT(concurrency-mt-unsafe): own stream
    if (is_temporary(entry->d_name)) stale.emplace_back(entry->d_name);
  closedir(entries);
  for (const std::string& name : stale) {
    struct stat found {};
    const bool known = fstatat(folder.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
    if (known && found.st_mtime < to_micros(older) / 1'000'000)
      unlinkat(folder.get(), name.c_str(), 0);
  }
  return ok();
}

}  // namespace kw::agent
