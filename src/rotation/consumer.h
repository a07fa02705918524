// Consumers: who uses versions, and which ones they have. An acknowledgement comes from a running
// instance and names a version: `loaded` (parsed and probed) or `used` (first success). A run
// promotes when all live consumers have loaded the new version, and takes the old one away when all
// have used the new one or are gone.
//
// Tables: rotation_consumer, rotation_use (which subjects), rotation_ack. Thread-safe. Borrows the
// log and the clock. Heartbeats and first acknowledgements are cheap; a heartbeat leaves no audit
// leaf.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/change_log.h"
#include "rotation/policy_check.h"
#include "rotation/runs.h"

namespace kw::rotation {

struct Consumer {
  std::string tenant, name;       ///< name [A-Za-z0-9][A-Za-z0-9._-]{0,127}
  std::string environment;        ///< "production", "staging" …: [a-z0-9-]{1,32}
  bool canary = false;            ///< gets new versions first; gates its environment
  Seconds refresh{300};           ///< it looks for new versions at least so often; 1 s to 31 d
  Seconds lease{900};             ///< without a sign of life for so long it is gone; 10 s to 90 d
  std::vector<Subject> subjects;  ///< of its own tenant, at most 1,000
  std::string principal;          ///< who speaks for it; "": the principal of the same name
  const std::string& speaker() const { return principal.empty() ? name : principal; }
  WallTime registered_at, seen_at;
};

/// kFailed: it was tried, and the consumer could not live with it: the run goes back while it can.
enum class Grade : std::uint8_t { kLoaded, kUsed, kFailed };
std::string_view grade_name(Grade grade);  ///< "loaded", "used", "failed"
Result<Grade> parse_grade(std::string_view name);

/// What one instance of a consumer said about one version.
struct Acknowledgement {
  std::string consumer, instance, environment;
  bool canary = false;
  bool live = true;  ///< its lease has not run out
  std::uint32_t version = 0;
  std::optional<WallTime> loaded_at, used_at;
  bool failed = false;   ///< said so, and no success since; loaded_at and used_at are empty then
  WallTime last_at;      ///< when the newest one came
  WallTime observed_at;  ///< what the instance says when it was
};

/// What an instance says.
struct Said {
  Subject subject;
  std::string_view consumer, instance;  ///< instance [A-Za-z0-9][A-Za-z0-9._-]{0,127}
  std::uint32_t version = 0;
  Grade grade = Grade::kLoaded;
  /// When the instance saw it, by its own clock: acknowledgements that overtake each other keep
  /// their order. Nothing: now.
  std::optional<WallTime> observed_at;
};

/// The board of a subject and one version: everyone who should, and who has.
struct Board {
  std::vector<Acknowledgement> acknowledgements;
  std::vector<Consumer> silent;  ///< live consumers of the subject without an acknowledgement
  int live = 0;                  ///< consumers whose lease runs
};

class Consumers {
 public:
  Consumers(audit::ChangeLog& log, const Clock& clock);

  /// Registers or replaces. While a run of one of its subjects is open, a refresh longer than that
  /// run's overlap is refused. @audit consumer.register
  /// @errors kInvalidArgument(bad_consumer), kFailedPrecondition(overlap_too_short)
  Status enroll(Change change, const Consumer& consumer);
  /// @errors kNotFound(not_found) @audit consumer.remove
  Status remove(Change change, std::string_view tenant, std::string_view name);
  /// A sign of life. @errors kNotFound(not_found)
  Status heartbeat(store::Tx& tx, std::string_view tenant, std::string_view name);
  /// Also a sign of life. The first acknowledgement of a grade leaves an audit leaf; repeats only
  /// move its time, and instances repeat at least once per lease. `used` counts as `loaded` too.
  /// @errors kNotFound(not_found: unknown consumer, or not a consumer of the subject),
  ///   kInvalidArgument(bad_acknowledgement), kResourceExhausted(too_many_instances): 10,000
  /// @audit consumer.acknowledge
  Status acknowledge(Change change, std::string_view tenant, const Said& said);

  /// The principal whose signs of life and acknowledgements count. @errors kNotFound(not_found)
  Result<std::string> speaker(store::Reader& reader, std::string_view tenant,
                              std::string_view name);
  /// True for a canary that uses the subject.
  Result<bool> is_canary(store::Reader& reader, const Subject& subject, std::string_view name);
  Result<Consumer> show(store::Reader& reader, std::string_view tenant, std::string_view name);
  /// By (tenant, name), after the pair given. @param limit 1 to 1,000
  Result<std::vector<Consumer>> list(store::Reader& reader, std::string_view tenant,
                                     std::string_view after, int limit);
  /// Of each used subject of the tenant the consumer that looks for new versions most seldom.
  Result<std::map<Subject, ConsumerTiming>> slowest(store::Reader& reader, std::string_view tenant);
  Result<Board> acks(store::Reader& reader, const Subject& subject, std::uint32_t version);

 private:
  audit::ChangeLog& log_;
  const Clock& clock_;
};

}  // namespace kw::rotation
