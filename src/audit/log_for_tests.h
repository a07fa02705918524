// Folders, logs and shortcuts for this room's tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "audit/access_log.h"
#include "audit/change_log.h"
#include "audit/verifier.h"
#include "base/clock.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::audit {

/// "" for success, else the reason.
template <typename T>
std::string reason(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

/// A folder that is removed with what is in it.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

Bytes read_bytes(const std::string& path);
void write_bytes(const std::string& path, ByteView bytes);

/// An event with a little of everything, the `number`th.
Event event_of(int number);

/// A store with a change log, unsealed under a key of its own. An empty URL makes a SQLite store in
/// `folder`.
class TestLog {
 public:
  explicit TestLog(const TestFolder& folder, std::string url = "");

  store::Store& store() { return *store_; }
  seal::Barrier& barrier() { return *barrier_; }
  ChangeLog& log() { return *log_; }
  FakeClock& clock() { return clock_; }
  /// Appends `count` events in few transactions.
  void fill(int count);
  /// Runs one statement behind the log's back. @returns rows changed.
  std::int64_t tamper(std::string_view sql);

 private:
  FakeClock clock_{WallTime(std::chrono::seconds(1'800'000'000))};
  seal::RootKey root_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<seal::Barrier> barrier_;
  std::unique_ptr<ChangeLog> log_;
};

/// Options for an access log of node-1 in `folder`, with a small reserve.
AccessLog::Options access_options(const TestFolder& folder);

}  // namespace kw::audit
