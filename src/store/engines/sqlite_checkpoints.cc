#include "store/engines/sqlite_checkpoints.h"

#include <sqlite3.h>
#include <sys/resource.h>

#include "store/engines/sqlite_error.h"

namespace kw::store::engines {

namespace {
constexpr int kNice = 5;
}

void CloseDatabase::operator()(sqlite3* database) const noexcept {
  sqlite3_close(database);
}

Result<std::unique_ptr<SqliteCheckpoints>> SqliteCheckpoints::open(const std::string& path) {
  sqlite3* opened = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &opened,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
                             nullptr);
  Database database(opened);
  if (code == SQLITE_OK) sqlite3_wal_autocheckpoint(opened, 0);
  // The first statement finds the log; a checkpoint alone would not look for it.
  if (code == SQLITE_OK)
    code = sqlite3_exec(opened, "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(code, "the database file does not open");
  return std::unique_ptr<SqliteCheckpoints>(new SqliteCheckpoints(std::move(database)));
}

SqliteCheckpoints::SqliteCheckpoints(Database database)
    : database_(std::move(database)), thread_([this] { run(); }) {}

SqliteCheckpoints::~SqliteCheckpoints() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SqliteCheckpoints::ask() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  wake_.notify_one();
}

void SqliteCheckpoints::run() {
  // Linux keeps niceness per thread; whoever waits for an answer goes first.
  setpriority(PRIO_PROCESS, 0, kNice);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                               nullptr, nullptr);
    // Another try could report success for pages that the kernel has dropped.
    if (is_io_error(code)) failed_ = true;
    lock.lock();
    if (failed_) return;
  }
}

}  // namespace kw::store::engines
