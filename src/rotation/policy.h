// What policies come to for one subject: the strictest of all clauses that apply, with the clause
// that set each number. Made by effective_policy() (policy_merge.h); plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace kw::rotation {

using Seconds = std::chrono::seconds;

/// A recurring opening: cron expression (5 fields), how long it stays open, IANA zone.
struct Window {
  std::string cron;
  Seconds length{0};
  std::string zone = "UTC";
  /// Windows of one policy share a group. It is open when one window of every group is.
  int group = 0;
  bool operator==(const Window&) const = default;
};
/// A time in which nothing scheduled runs, unless a hard deadline falls into it. Half-open.
struct Blackout {
  std::string name;
  std::string from, to;  ///< RFC 3339 in UTC
  bool operator==(const Blackout&) const = default;
};
/// A schedule by the wall clock of a zone. In a gap it runs once after it, in a fold once.
struct CronSchedule {
  std::string cron;
  std::string zone = "UTC";
  bool operator==(const CronSchedule&) const = default;
};

/// What happens when the hard deadline passes and nothing has run.
enum class AtDeadline : std::uint8_t { kRunAnyway, kBlockProtect, kAlert };
/// What becomes of the old version at the end of a run.
enum class OldVersion : std::uint8_t { kKeepSecondary, kRetire, kArchive, kDestroy };

/// Which clause of which policy set a number.
struct SetBy {
  std::string field;   ///< "interval", "max_operations" …
  std::string value;   ///< as the policy language writes it
  std::string policy;  ///< name of the policy or template
  std::string clause;  ///< "types.dek.interval", "class multiplier confidential x 1/2" …
  bool operator==(const SetBy&) const = default;
};

struct EffectivePolicy {
  std::vector<SetBy> set_by;
  bool scheduled = true;  ///< false: nothing rotates it by itself (manual and events still do)

  // When.
  std::optional<Seconds> interval;
  std::vector<CronSchedule> crons;
  std::optional<Seconds> max_age;      ///< hard upper bound of the primary's age
  std::optional<Seconds> expiry_lead;  ///< so long before expires_at
  std::optional<std::int64_t> max_operations, max_bytes;
  double use_fraction = 0.5;        ///< rotate at this part of max_operations or max_bytes
  std::vector<std::string> events;  ///< "leak", "leaver", "incident", "dependency" …
  Seconds jitter{0};                ///< 0 to 7 d
  std::vector<Window> windows;      ///< none: always open
  std::vector<Blackout> blackouts;
  Seconds hard_deadline{0};  ///< after the due time; 0: none
  AtDeadline at_deadline = AtDeadline::kRunAnyway;

  // How.
  int approvals = 0;                      ///< 0 to 5 people beside the requester
  std::vector<int> rollout_percent{100};  ///< ascending, the last is 100
  Seconds soak{0};                        ///< at every step below 100
  std::int64_t soak_operations = 0;       ///< and at least so many operations on the new version
  double error_margin = 0.001;            ///< new cohort's error ratio above the old one's
  double latency_ratio = 1.5;             ///< new cohort's p99 against the old one's
  Seconds publish_wait{0};                ///< from staged to first apply (JWKS caches)
  Seconds acknowledgement_deadline{0};    ///< promote and drain wait so long for acks; 0: for ever
  Seconds min_overlap{0};                 ///< old and new both valid at least so long
  Seconds quiet{0};                       ///< and the old one unused so long before it goes
  Seconds quarantine{0};
  Seconds state_deadline{3600};  ///< a run longer in one state than planned: alert
  OldVersion old_version = OldVersion::kRetire;

  bool operator==(const EffectivePolicy&) const = default;
};

}  // namespace kw::rotation
