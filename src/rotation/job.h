// Jobs: bulk work that is checkpointed, throttled, resumable and reversible: re-encryption of data,
// re-wrapping of keys. Plain values, and the two ports behind which the work is.
//
//   running -> paused -> running -> done
//   running | paused | failed -> rolling_back -> rolled_back          failed -> running (resume)
//
// Who runs them: jobs.h. Rows: table rotation_job. Values are not thread-safe; ports say it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "store/store.h"

namespace kw::rotation {

using Millis = std::chrono::milliseconds;

enum class JobState : std::uint8_t { kRunning, kPaused, kRollingBack, kDone, kRolledBack, kFailed };
std::string_view job_state_name(JobState state);  ///< "running" … "failed"
/// @errors kDataLoss(bad_job)
Result<JobState> parse_job_state(std::string_view name);
inline bool finished(JobState state) {
  return state == JobState::kDone || state == JobState::kRolledBack;
}

/// Items are rows, files or cells. `done` counts within the pass at hand; all others since the
/// start.
struct JobCounts {
  std::int64_t total = 0;        ///< items of one pass, as counted when it began
  std::int64_t done = 0;         ///< items that this pass has behind it
  std::int64_t rewritten = 0;    ///< items changed
  std::int64_t skipped = 0;      ///< left alone because somebody else held them; seen again later
  std::int64_t cas_lost = 0;     ///< changed by somebody else meanwhile; seen again later
  std::int64_t quarantined = 0;  ///< cannot be processed now: see the quarantine list
};

/// How far a job is. What a checkpoint holds.
struct JobProgress {
  std::string phase;   ///< word of the kind: "hot", "pass", "census" …; "" before the first slice
  int pass = 0;        ///< from 1, never goes back
  std::string cursor;  ///< text of the kind: after which item to go on
  JobCounts counts;
  Bytes digest;  ///< SHA-256 chain over what was rewritten, "" before the first
};

/// What a job may cost the others.
struct JobThrottle {
  std::int64_t per_second_max = 0;            ///< items; 0: no limit
  std::int64_t foreground_percent_max = 120;  ///< of the foreground latency without the job; 100 up
  Millis lag_max{10'000};                     ///< of replicas
};

struct Job {
  JobId id;
  std::string kind;                  ///< "reencrypt", "kek-rewrap"
  std::string tenant;                ///< name
  std::string subject;               ///< what the job is for: name of the key
  std::string place;                 ///< where the items are: name of a data store; "" for our own
  std::uint32_t from_version = 0;    ///< 0: any but the target; such a job cannot be rolled back
  std::uint32_t target_version = 0;  ///< what every item ends on
  JobState state = JobState::kRunning;
  JobProgress progress;
  JobThrottle throttle;
  double rate = 0;  ///< items per second, moving average with all rests in it; 0: unknown
  double foreground_ratio = 0;  ///< others' 99th percentile with the job to calm; 0: unknown
  std::optional<Millis> eta_p50, eta_p90;  ///< to the end of the pass; nothing: unknown
  std::string problem;                     ///< stable reason when failed
  std::string last_failure;  ///< stable reason of the newest step that was tried again; "": none
  std::optional<WallTime> last_failure_at;
  WallTime created_at, updated_at;
  std::int64_t epoch = 0;
};

/// What one slice of work came to.
struct JobSlice {
  JobProgress progress;
  bool finished = false;
  Millis rest{0};               ///< to wait before the next slice
  double foreground_ratio = 0;  ///< as Job::foreground_ratio
  /// Rows of the kind that go into the transaction that records this slice; may be empty. It may
  /// run more than once and changes only `tx`.
  std::function<Status(store::Tx& tx, const Job& job)> settle;
};

/// One life of a job in one process. Used by one thread.
class JobSession {
 public:
  virtual ~JobSession() = default;
  /// One bounded slice, aimed at 50 ms, idempotent: what a crash cut off is done again.
  /// @errors kUnavailable, kDeadlineExceeded and reason `fenced` are tried again in a new session;
  /// all others end the job as failed, with the reason as its problem.
  virtual Result<JobSlice> step(const Job& job) = 0;
};

/// A kind of job. Thread-safe.
class JobWork {
 public:
  virtual ~JobWork() = default;
  virtual std::string_view kind() const = 0;
  /// @param fence  token of the job's lease: grows with every takeover; whoever has a lower one
  /// must not write any more. @errors as JobSession::step
  virtual Result<std::unique_ptr<JobSession>> open(const Job& job, std::int64_t fence) = 0;
};

/// Who changes what, in which transaction.
struct JobChange {
  store::Tx& tx;
  const audit::Event& by;
};

/// Jobs that somebody else keeps and runs (KEK re-wrap has its own table and workers): an adapter
/// makes them listable and steerable beside the others. Thread-safe.
/// @errors of every verb: kNotFound(not_found), kFailedPrecondition(job_state | job_finished)
class JobSource {
 public:
  virtual ~JobSource() = default;
  virtual std::string_view kind() const = 0;
  virtual Result<Job> show(const JobId& id) = 0;
  /// Newest first, created before `before` or all. @param tenant "" means every tenant.
  /// @param limit 1 to 1,000
  virtual Result<std::vector<Job>> list(std::string_view tenant, std::optional<WallTime> before,
                                        int limit) = 0;
  virtual Result<Job> pause(JobChange change, const JobId& id) = 0;
  virtual Result<Job> resume(JobChange change, const JobId& id) = 0;
  virtual Result<Job> roll_back(JobChange change, const JobId& id) = 0;
  /// After the transaction of a verb committed. Harmless otherwise.
  virtual void kick(const JobId& id) = 0;
};

}  // namespace kw::rotation
