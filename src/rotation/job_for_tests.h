// A store with an audit log, and data in memory whose holders, writers and damages a test chooses.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "audit/change_log.h"
#include "rotation/jobs.h"
#include "rotation/reencryption.h"

namespace kw::rotation {

template <typename T>
std::string reason(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

/// The value; without one the test fails with the reason and the program ends.
template <typename T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().reason << ": " << result.error().message;
  return *std::move(result);
}
inline void must(const Status& status) {
  if (!status) ADD_FAILURE() << status.error().reason << ": " << status.error().message;
}

/// A fresh SQLite store with the tables that jobs need.
class JobHouse {
 public:
  JobHouse();
  ~JobHouse();
  JobHouse(const JobHouse&) = delete;
  JobHouse& operator=(const JobHouse&) = delete;

  JobsHouse rooms() { return {*store, *log, clock}; }
  /// One transaction around `body(JobChange)`.
  template <typename Body>
  Result<Job> change(Body body) {
    std::optional<Job> job;
    const Status written = store->write([&](store::Tx& tx) -> Status {
      KW_TRY(job, body(JobChange{tx, event}));
      return ok();
    });
    if (!written) return written.error();
    return *std::move(job);
  }
  Result<Job> start(Jobs& jobs, const NewJob& wanted);
  Result<Job> pause(Jobs& jobs, const JobId& id);
  Result<Job> resume(Jobs& jobs, const JobId& id);
  Result<Job> roll_back(Jobs& jobs, const JobId& id);
  /// Waits until `done(job)`; fails the test after 30 s.
  Job wait(Jobs& jobs, const JobId& id, const std::function<bool(const Job&)>& done);
  Job wait_end(Jobs& jobs, const JobId& id);
  /// Actions of the audit leaves, oldest first.
  std::vector<std::string> actions();

  SystemClock clock;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<audit::ChangeLog> log;
  audit::Event event;

 private:
  std::string folder_;
};

NewJob wanted_job();

/// Items in memory: "v1:text" is version 1; "bad1:…" is version 1 and does not open; all else is
/// not ours. Thread-safe.
class MemoryData {
 public:
  void put(const std::string& name, const std::string& content);
  std::string get(const std::string& name);
  std::map<std::string, std::string> all();

  // Set before the job begins.
  std::set<std::string> hot;
  std::function<void(MemoryData&)> before_replace;
  std::function<bool()> settled;
  std::function<Status()> before_next;
  bool keeps_checkpoint = true;

  std::set<std::string> held;  ///< by somebody else; under mutex
  std::map<std::string, std::string> rows;
  std::optional<Checkpoint> checkpoint;
  std::vector<std::string> order;  ///< names in the order they were handed out
  int censuses = 0;
  std::mutex mutex;
};

std::unique_ptr<DataStore> open_memory(MemoryData& data);
std::unique_ptr<Cipher> memory_cipher();
Reencryption::Options memory_options(MemoryData& data);

}  // namespace kw::rotation
