// The clauses of one section of a policy document: what it says, and nothing where it is silent.
// Plain values. Which fields there are, how they are written and which of two wins:
// policy_fields.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rotation/policy.h"

namespace kw::rotation {

/// What a classification does to the interval: another one, or a factor on it. Exactly one is set.
struct ClassRule {
  std::optional<Seconds> interval;
  std::optional<double> factor;
};

struct Clauses {
  std::optional<bool> scheduled;
  std::optional<Seconds> interval;
  std::optional<std::vector<CronSchedule>> crons;
  std::optional<Seconds> max_age, expiry_lead;
  std::optional<std::int64_t> max_operations, max_bytes;
  std::optional<double> use_fraction;
  std::optional<std::vector<std::string>> events;
  std::optional<Seconds> jitter;
  std::optional<std::vector<Window>> windows;
  std::optional<std::vector<Blackout>> blackouts;
  std::optional<Seconds> hard_deadline;
  std::optional<AtDeadline> at_deadline;
  std::optional<int> approvals;
  std::optional<std::vector<int>> rollout_percent;
  std::optional<Seconds> soak;
  std::optional<std::int64_t> soak_operations;
  std::optional<double> error_margin, latency_ratio;
  std::optional<Seconds> publish_wait, acknowledgement_deadline, min_overlap, quiet, quarantine;
  std::optional<Seconds> state_deadline;
  std::optional<OldVersion> old_version;
  /// By classification; not in EffectivePolicy, where it is resolved into the interval.
  std::map<std::string, ClassRule> classification;
};

}  // namespace kw::rotation
