// Moves the write-ahead log into the database beside the writer: no commit waits for the copying.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"

struct sqlite3;

namespace kw::store::engines {

struct CloseDatabase {
  void operator()(sqlite3* database) const noexcept;
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

/// A connection and a thread of their own. Passive checkpoints hold up neither readers nor the
/// writer (https://www.sqlite.org/c3ref/wal_checkpoint_v2.html). Thread-safe.
class SqliteCheckpoints {
 public:
  /// `path` must be in WAL mode already. @errors kUnavailable(store_unavailable)
  static Result<std::unique_ptr<SqliteCheckpoints>> open(const std::string& path);
  ~SqliteCheckpoints();
  SqliteCheckpoints(const SqliteCheckpoints&) = delete;
  SqliteCheckpoints& operator=(const SqliteCheckpoints&) = delete;

  /// One more checkpoint, soon. Does not wait.
  void ask();
  /// True after an I/O error: synced data may not be on the disk.
  bool failed() const { return failed_; }

 private:
  explicit SqliteCheckpoints(Database database);
  void run();

  Database database_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = false;    // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace kw::store::engines
