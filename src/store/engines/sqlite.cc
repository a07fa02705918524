// SQLite 3.37 or newer: one file, one process. The embedded default, without configuration.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/failpoint.h"
#include "store/engines/catalog.h"
#include "store/engines/sqlite_session.h"

namespace kw::store::engines {

namespace {

constexpr std::string_view kPrefix = "sqlite://";
constexpr std::size_t kLongestPath = 4'000;

/// An open file, closed with its owner.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

class Sqlite final : public Engine {
 public:
  Sqlite(std::string path, File lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string_view name() const override { return "sqlite"; }
  bool many_writers() const override { return false; }
  Result<std::unique_ptr<Session>> open_writer() override {
    return SqliteSession::open(path_, SqliteSession::Role::kWriter);
  }
  Result<std::unique_ptr<Session>> open_reader() override {
    return SqliteSession::open(path_, SqliteSession::Role::kReader);
  }

 private:
  std::string path_;
  File lock_;  // held as long as the store is open
};

Error unavailable(std::string_view what) {
  return error(Code::kUnavailable, "store_unavailable", what);
}

Result<std::string> path_of(const std::string& url) {
  const std::string path = url.substr(std::min(kPrefix.size(), url.size()));
  const bool plain = std::none_of(path.begin(), path.end(), [](char c) {
    return c == '?' || c == '#' || c == '%' || static_cast<unsigned char>(c) < 0x20;
  });
  if (path.size() < 2 || path.size() > kLongestPath || path[0] != '/' || path.back() == '/' ||
      !plain)
    return error(Code::kInvalidArgument, "bad_store_url",
                 "a SQLite store is sqlite:///absolute/path without ?, # or %");
  return path;
}

// SQLite's own locks let two processes take turns; two writers of one store must never do that.
Result<File> lock_for(const std::string& path) {
  File lock(::open((path + "-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.is_open()) return unavailable("the folder of the store does not exist or refuses us");
  if (::flock(lock.descriptor(), LOCK_EX | LOCK_NB) == 0) return lock;
  return error(Code::kUnavailable, "store_in_use", "another process has this store open");
}

// A new file is durable only with its folder's entry.
Status sync_folder_of(const std::string& path) {
  const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  const File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open() || ::fsync(opened.descriptor()) != 0)
    return unavailable("the folder of the store cannot be synced");
  return ok();
}

// Called with the lock held and before SQLite opens the file: closing a descriptor would drop the
// POSIX locks that this process has on it.
Status create_file(const std::string& path) {
  KW_FAILPOINT("store.create");
  const File file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) return errno == EEXIST ? ok() : unavailable("the store is not writable");
  return sync_folder_of(path);
}

}  // namespace

Result<std::unique_ptr<Engine>> make_sqlite(const std::string& url) {
  KW_TRY(std::string path, path_of(url));
  KW_TRY(File lock, lock_for(path));
  KW_OK(create_file(path));
  return std::unique_ptr<Engine>(std::make_unique<Sqlite>(std::move(path), std::move(lock)));
}

}  // namespace kw::store::engines
