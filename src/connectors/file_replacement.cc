#include "connectors/file_replacement.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/failpoint.h"
#include "connectors/file_attributes.h"
#include "crypto/random.h"

namespace kw::connectors {

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;

Error cannot_write() {
  if (errno == ENOSPC || errno == EDQUOT)
    return error(Code::kUnavailable, "disk_full", "the disk of the tree is full");
  return error(Code::kFailedPrecondition, "cannot_write", "a folder of the tree cannot be written");
}

Status write_all(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(file, bytes.data(), bytes.size());
    if (wrote < 0) return cannot_write();
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
  return ok();
}

// A file beside the old one; unless it was exchanged, it goes when this object dies.
class Replacement {
 public:
  Replacement(const OpenFile& folder, std::string name) : folder_(folder), name_(std::move(name)) {}
  ~Replacement() {
    if (made_) unlinkat(folder_.number(), name_.c_str(), 0);
  }
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  Status make() {
    file_ = OpenFile(openat(folder_.number(), name_.c_str(),
                            O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file_) return cannot_write();
    made_ = true;
    return ok();
  }
  // The new start, then what follows in the old file.
  Status fill(ByteView start, int old, std::size_t from) {
    KW_OK(write_all(file_.number(), start));
    for (;;) {
      Bytes block(kBlock);
      if (!read_at(old, from, block)) return cannot_write();
      if (block.empty()) return ok();
      KW_OK(write_all(file_.number(), block));
      from += block.size();
    }
  }
  // What lies on the disk is what was meant.
  Status verify(ByteView start, int old, std::size_t from) const {
    const Error differs =
        error(Code::kDataLoss, "written_differently", "the disk gave back other bytes");
    Bytes head(start.size());
    if (!read_at(file_.number(), 0, head) || !same_bytes(head, start)) return differs;
    for (std::size_t at = start.size();;) {
      Bytes expected(kBlock), found(kBlock);
      if (!read_at(old, from, expected) || !read_at(file_.number(), at, found) ||
          !same_bytes(expected, found))
        return differs;
      if (found.empty()) return ok();
      from += expected.size();
      at += found.size();
    }
  }
  bool sync() const { return fsync(file_.number()) == 0; }
  int number() const { return file_.number(); }
  const std::string& name() const { return name_; }

 private:
  const OpenFile& folder_;
  const std::string name_;
  OpenFile file_;
  bool made_ = false;
};

// Whether nobody else has the file open for writing or reading: a lease is granted only then. Not
// every file system knows leases; SIGURG instead of SIGIO, whose default would end the process.
bool held_by_others(int file) {
  if (fcntl(file, F_SETSIG, SIGURG) != 0 || fcntl(file, F_SETLEASE, F_WRLCK) != 0)
    return errno == EAGAIN;
  fcntl(file, F_SETLEASE, F_UNLCK);
  return false;
}

bool is_still(const OpenFile& folder, const std::string& name, const EncryptedFile& was) {
  struct stat now {};
  return fstatat(folder.number(), name.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0 &&
         unchanged(was.facts, now);
}

// Both names at once, so that the displaced file can be looked at: whoever replaced the old file in
// the last moment gets his own back. Where the file system cannot, a plain rename.
Result<bool> exchange(const OpenFile& folder, const std::string& name, const Replacement& fresh,
                      const EncryptedFile& was) {
  const int place = folder.number();
  if (renameat2(place, fresh.name().c_str(), place, name.c_str(), RENAME_EXCHANGE) == 0) {
    if (is_still(folder, fresh.name(), was)) return true;
    if (renameat2(place, fresh.name().c_str(), place, name.c_str(), RENAME_EXCHANGE) != 0)
      return cannot_write();
    return false;
  }
  if (errno == ENOENT) return false;
  if (errno != EINVAL && errno != ENOSYS) return cannot_write();
  if (renameat(place, fresh.name().c_str(), place, name.c_str()) != 0) return cannot_write();
  return true;
}

}  // namespace

Result<bool> replace_file(const OpenFile& folder, const std::string& name, const EncryptedFile& was,
                          ByteView start) {
  const OpenFile old(
      openat(folder.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!old && errno == ENOENT) return false;
  if (!old) return cannot_write();
  struct stat now {};
  if (fstat(old.number(), &now) != 0 || !unchanged(was.facts, now)) return false;
  Replacement fresh(folder, std::string(kUnfinishedPrefix) + crypto::random_id<JobId>().text());
  KW_OK(fresh.make());
  KW_OK(fresh.fill(start, old.number(), was.head));
  KW_OK(copy_attributes(old.number(), was.facts, fresh.number()));
  if (!fresh.sync()) return cannot_write();
  KW_OK(fresh.verify(start, old.number(), was.head));
  KW_FAILPOINT("connectors.directory.exchange");
  if (held_by_others(old.number()) || !is_still(folder, name, was)) return false;
  KW_TRY(const bool exchanged, exchange(folder, name, fresh, was));
  KW_FAILPOINT("connectors.directory.exchanged");
  return exchanged;
}

}  // namespace kw::connectors
