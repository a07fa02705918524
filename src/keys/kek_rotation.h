// KEK rotation of a tenant: create -> promote -> re-wrap every cell -> census -> retire. A job with
// a durable cursor: kill it anywhere, start again, it goes on. Foreground traffic does not stop;
// slices adapt to its latency.
//
// Create and promote are one transaction, so from the start every new cell is under the new KEK;
// promotion and cell writes of a tenant take the same row lock (room seal), so the census that
// follows cannot be overtaken. Table: job. Each batch writes cells, cursor and counts in one
// transaction under the job's lease. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "keys/keyring.h"

namespace kw::keys {

enum class JobState : std::uint8_t { kRunning, kPaused, kRollingBack, kDone, kRolledBack, kFailed };
std::string_view job_state_name(
    JobState state);  ///< "running", "paused", "rolling_back", "done", "rolled_back", "failed"

struct Job {
  JobId id;
  std::string kind = "kek-rewrap";
  std::int64_t tenant = 0;
  std::string tenant_name;
  std::string phase;  ///< "rewrap", "census", "retire", "done"
  JobState state = JobState::kRunning;
  std::uint32_t from_version = 0, target_version = 0;
  std::int64_t cursor = 0;  ///< last cell id that was looked at
  std::int64_t done = 0, total = 0;
  std::string problem;  ///< stable reason when failed
  WallTime created_at, updated_at;
  std::int64_t epoch = 0;
  double rate = 0;  ///< cells per second, moving; 0 when not running here
  double foreground_p99_ratio =
      0;  ///< foreground write p99 against its value at the start; 0: no traffic
};

class KekRotations {
 public:
  struct Options {
    std::string node = "node-1";
    std::size_t slice_min = 128, slice_max = 4096;  ///< cells per transaction
  };
  KekRotations(store::Store& store, seal::Barrier& barrier, audit::ChangeLog& log,
               const Clock& clock, Options options);
  ~KekRotations();  ///< stops the workers; jobs stay durable

  /// Starts the rotation of the tenant's KEK, or returns the one that is not finished. The new
  /// version is primary once the transaction commits; then call kick(). @audit the change's event,
  /// then kek.census and kek.retire
  Result<Job> start(Change change, const Tenant& tenant);
  /// Takes up what a stopped process left behind. Call when unsealed.
  Status resume_all();
  void stop_all();  ///< sealing, or stopping
  // @errors kNotFound(not_found), kFailedPrecondition(job_finished | job_state)
  Result<Job> pause(Change change, const JobId& id);
  Result<Job> resume(Change change,
                     const JobId& id);  ///< also of a failed job: it goes on where it stopped
  /// Makes the old version primary again and re-wraps back to it.
  Result<Job> roll_back(Change change, const JobId& id);
  /// The same for the tenant's job that is not finished. @errors also kNotFound(not_found): none is
  Result<Job> roll_back(Change change, const Tenant& tenant);
  Result<Job> show(const JobId& id);
  /// Newest first; "" means every tenant. @param before  only older ones, or all
  Result<std::vector<Job>> list(std::string_view tenant, int limit,
                                std::optional<WallTime> before = std::nullopt);
  /// Wakes the worker after the transaction of start, resume or roll_back committed. Harmless
  /// otherwise.
  void kick(const JobId& id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::keys
