#include "connectors/credential_file.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "base/failpoint.h"
#include "connectors/file_attributes.h"
#include "connectors/outcome.h"
#include "connectors/path_text.h"

namespace kw::connectors {

namespace {

constexpr int kAttempts = 3;
constexpr int kLockWaitMs = 5;
constexpr unsigned kNewMode = 0600;
constexpr std::size_t kNameMax = 200;  // with our prefix it still fits 255
constexpr std::size_t kBufferMax = 16 << 10;

Error cannot_write() {
  if (errno == ENOSPC || errno == EDQUOT)
    return error(Code::kUnavailable, "disk_full", "the disk of the credential file is full");
  return error(Code::kFailedPrecondition, "cannot_write",
               "the credential file or its folder cannot be written");
}

Error unfit(std::string_view why) {
  return error(Code::kFailedPrecondition, "unfit_file", why);
}

Error busy() {
  return error(Code::kUnavailable, "file_busy", "others keep changing the credential file");
}

Status write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(file, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return cannot_write();
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return ok();
}

// False: cannot be read. On the heap from the start, so that nothing is left in the object itself.
bool read_whole(int file, std::size_t most, WipedText& text) {
  text.assign(most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got =
        pread(file, text.data() + size, text.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return true;
}

// Another writer of this program holds it for milliseconds; others have no reason to.
Status lock(int folder, SteadyTime deadline) {
  while (flock(folder, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return cannot_write();
    if (std::chrono::steady_clock::now() >= deadline) return busy();
    poll(nullptr, 0, kLockWaitMs);
  }
  return ok();
}

class Locked {
 public:
  explicit Locked(int folder) : folder_(folder) {}
  ~Locked() { flock(folder_, LOCK_UN); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  int folder_;
};

std::optional<unsigned> number(std::string_view text, int base) {
  unsigned value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

}  // namespace

Result<std::optional<unsigned>> read_mode(std::string_view text) {
  if (text.empty()) return std::optional<unsigned>();
  const auto mode = number(text, 8);
  if (!mode || (*mode & ~0664U) != 0 || (*mode & 0600U) != 0600U)
    return bad_setting("a mode is 0600 to 0664 in octal: credentials are no programs");
  return mode;
}

Result<std::optional<unsigned>> read_user(std::string_view text) {
  if (text.empty()) return std::optional<unsigned>();
  if (const auto uid = number(text, 10)) return uid;
  std::array<char, kBufferMax> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  getpwnam_r(std::string(text).c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return bad_setting("the owner is no user of this machine");
  return std::optional<unsigned>(found->pw_uid);
}

Result<std::optional<unsigned>> read_group(std::string_view text) {
  if (text.empty()) return std::optional<unsigned>();
  if (const auto gid = number(text, 10)) return gid;
  std::array<char, kBufferMax> buffer{};
  group entry{};
  group* found = nullptr;
  getgrnam_r(std::string(text).c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return bad_setting("the group is no group of this machine");
  return std::optional<unsigned>(found->gr_gid);
}

Status check_file_terms(const CredentialFileTerms& terms, const std::vector<std::string>& roots) {
  if (std::find(roots.begin(), roots.end(), terms.root) == roots.end())
    return bad_setting("the root is none of the folders that the server's configuration allows");
  const auto names = path_names(terms.path);
  const bool plain = !names.empty() && std::all_of(names.begin(), names.end(), [](auto name) {
    return !name.empty() && name.size() <= kNameMax && name != "." && name != "..";
  });
  if (!plain || names.back().starts_with(kUnfinishedPrefix))
    return bad_setting("a path is names below the root with '/' between, without . and ..");
  return ok();
}

Result<CredentialFile> CredentialFile::open(const CredentialFileTerms& terms) {
  const std::size_t slash = terms.path.rfind('/');
  const std::string below = slash == std::string::npos ? "." : terms.path.substr(0, slash);
  const OpenFile root(::open(terms.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  OpenFile folder(static_cast<int>(
      root ? syscall(SYS_openat2, root.number(), below.c_str(), &how, sizeof how) : -1));
  if (!folder && errno == ENOSYS)
    return error(Code::kUnimplemented, "no_openat2", "this kernel cannot resolve paths safely");
  if (!folder)
    return error(Code::kFailedPrecondition, "no_such_folder",
                 "the folder of the credential file is missing, closed, or behind a symbolic link");
  return CredentialFile(terms, std::move(folder),
                        slash == std::string::npos ? terms.path : terms.path.substr(slash + 1));
}

Result<std::optional<CredentialFile::Found>> CredentialFile::find() const {
  Found found;
  found.file = OpenFile(
      openat(folder_.number(), name_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!found.file && errno == ENOENT) return std::optional<Found>();
  if (!found.file && errno == ELOOP) return unfit("the credential file is a symbolic link");
  if (!found.file || fstat(found.file.number(), &found.facts) != 0)
    return error(Code::kFailedPrecondition, "unreadable_file",
                 "the credential file cannot be read");
  if (!S_ISREG(found.facts.st_mode) || found.facts.st_nlink > 1)
    return unfit("the credential file is no regular file, or has other hard links");
  if (static_cast<std::size_t>(found.facts.st_size) > kBytesMax)
    return unfit("the credential file is larger than 1 MiB");
  if (!read_whole(found.file.number(), static_cast<std::size_t>(found.facts.st_size), found.text))
    return error(Code::kFailedPrecondition, "unreadable_file",
                 "the credential file cannot be read");
  return std::optional<Found>(std::move(found));
}

Result<std::optional<WipedText>> CredentialFile::read() const {
  KW_TRY(auto found, find());
  if (!found) return std::optional<WipedText>();
  return std::optional<WipedText>(std::move(found->text));
}

Result<bool> CredentialFile::as_wanted() const {
  struct stat facts {};
  if (fstatat(folder_.number(), name_.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(facts.st_mode))
    return false;
  return (!terms_.uid || facts.st_uid == *terms_.uid) &&
         (!terms_.gid || facts.st_gid == *terms_.gid) &&
         (!terms_.mode || (facts.st_mode & 07777) == *terms_.mode);
}

Status CredentialFile::edit(
    SteadyTime deadline,
    const std::function<Result<bool>(std::optional<WipedText>& text)>& change) const {
  KW_OK(lock(folder_.number(), deadline));
  const Locked locked(folder_.number());
  // Whoever had the lock and left this is dead.
  unlinkat(folder_.number(), beside().c_str(), 0);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    KW_TRY(auto found, find());
    std::optional<WipedText> text;
    if (found) text = found->text;
    KW_TRY(const bool changes, change(text));
    if (!changes) return ok();
    KW_TRY(const bool replaced, replace(found, text ? std::string_view(*text) : ""));
    if (replaced) return ok();
  }
  return busy();
}

Result<bool> CredentialFile::replace(const std::optional<Found>& was, std::string_view text) const {
  const auto written = write_beside(was, text);
  auto exchanged = written ? exchange(was) : Result<bool>(written.error());
  // The name beside has the old text now, or the new one that is not wanted.
  unlinkat(folder_.number(), beside().c_str(), 0);
  if (!exchanged || !*exchanged) return exchanged;
  if (fsync(folder_.number()) != 0) return cannot_write();
  KW_FAILPOINT("connectors.credential_file.replaced");
  return true;
}

Result<OpenFile> CredentialFile::write_beside(const std::optional<Found>& was,
                                              std::string_view text) const {
  OpenFile fresh(openat(folder_.number(), beside().c_str(),
                        O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kNewMode));
  if (!fresh) return cannot_write();
  KW_OK(write_all(fresh.number(), text));
  if (was) KW_OK(copy_permissions(was->file.number(), was->facts, fresh.number()));
  const uid_t uid = terms_.uid.value_or(static_cast<uid_t>(-1));
  const gid_t gid = terms_.gid.value_or(static_cast<gid_t>(-1));
  const bool owned = (!terms_.uid && !terms_.gid) || fchown(fresh.number(), uid, gid) == 0;
  if (!owned || (terms_.mode && fchmod(fresh.number(), *terms_.mode) != 0))
    return error(Code::kFailedPrecondition, "attributes_lost",
                 "the credential file cannot be given its owner or mode");
  if (fsync(fresh.number()) != 0) return cannot_write();
  return fresh;
}

bool CredentialFile::is_still(const char* name, const Found& was) const {
  struct stat now {};
  return fstatat(folder_.number(), name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
         unchanged(was.facts, now);
}

// Both names at once, so that the displaced file can be looked at. Where the file system cannot,
// a plain rename.
Result<bool> CredentialFile::exchange(const std::optional<Found>& was) const {
  KW_FAILPOINT("connectors.credential_file.exchange");
  const int place = folder_.number();
  const std::string fresh = beside();
  if (!was) {
    if (renameat2(place, fresh.c_str(), place, name_.c_str(), RENAME_NOREPLACE) == 0) return true;
    if (errno == EEXIST) return false;
    return cannot_write();
  }
  if (!is_still(name_.c_str(), *was)) return false;
  if (renameat2(place, fresh.c_str(), place, name_.c_str(), RENAME_EXCHANGE) == 0) {
    if (is_still(fresh.c_str(), *was)) return true;
    if (renameat2(place, fresh.c_str(), place, name_.c_str(), RENAME_EXCHANGE) != 0)
      return cannot_write();
    return false;
  }
  if (errno == ENOENT) return false;
  if (errno != EINVAL && errno != ENOSYS) return cannot_write();
  if (renameat(place, fresh.c_str(), place, name_.c_str()) != 0) return cannot_write();
  return true;
}

}  // namespace kw::connectors
