#include "rotation/calendar.h"

#include <algorithm>
#include <set>

#include "rotation/planner_set.h"
#include "rotation/policy_check.h"

namespace kw::rotation {
namespace {

constexpr Seconds kLengthMax = std::chrono::hours(24 * 400);
constexpr std::size_t kEntriesMax = 1'000'000;
constexpr std::size_t kProblemsMax = 100;

// The field of the policy that a trigger stands for; the clause that set it names the policy.
std::string_view field_of(Trigger trigger, const EffectivePolicy& policy) {
  switch (trigger) {
    case Trigger::kUsage:
      return "max_operations";
    case Trigger::kVolume:
      return "max_bytes";
    case Trigger::kExpiry:
      return "expiry_lead";
    default:
      break;
  }
  if (policy.interval && (!policy.max_age || *policy.interval <= *policy.max_age))
    return "interval";
  return policy.max_age ? "max_age" : "crons";
}

std::string policy_of(const Due& due, const EffectivePolicy& policy) {
  const std::string_view field =
      due.why.starts_with("cron") ? "crons" : field_of(due.trigger, policy);
  for (const SetBy& one : policy.set_by) {
    if (one.field == field && one.value != "entity-defined") return one.policy;
  }
  return "";
}

std::string blackout_at(const EffectivePolicy& policy, WallTime time) {
  for (const Blackout& blackout : policy.blackouts) {
    const auto from = parse_rfc3339(blackout.from), to = parse_rfc3339(blackout.to);
    if (from && to && *from <= time && time < *to) return blackout.name;
  }
  return "";
}

std::vector<std::string> conflicts_of(const Due& due, const EffectivePolicy& policy,
                                      WallTime old_gone) {
  std::vector<std::string> conflicts;
  const WallTime promoted = *due.at + planned_until_promoted(policy);
  if (due.forced) {
    const std::string freeze = blackout_at(policy, *due.at);
    conflicts.push_back("must be done by " + rfc3339(*due.hard_deadline) +
                        (freeze.empty() ? ", outside every window" : ", in the freeze " + freeze) +
                        ": rotates anyway");
  }
  if (promoted > due.by) conflicts.push_back("late: was due by " + rfc3339(due.by));
  if (*due.at < old_gone)
    conflicts.push_back("begins before the version before last is gone at " + rfc3339(old_gone));
  return conflicts;
}

class Expansion {
 public:
  Expansion(WallTime from, WallTime to) {
    calendar_.from = from;
    calendar_.to = to;
  }

  Status add(SubjectFacts facts, const Planner& planner) {
    note_freezes(planner.policy());
    const UseRate rate = UseRate::of(facts, calendar_.from);
    WallTime now = calendar_.from, old_gone;
    while (true) {
      const Due due = planner.next(facts, now, rate);
      if (!due.at || *due.at >= calendar_.to) return ok();
      if (calendar_.entries.size() >= kEntriesMax)
        return error(Code::kResourceExhausted, "calendar_too_large", "show fewer days");
      calendar_.entries.push_back({facts.subject, *due.at, due.trigger, due.why,
                                   policy_of(due, planner.policy()), due.forced,
                                   conflicts_of(due, planner.policy(), old_gone)});
      const WallTime promoted = *due.at + planned_until_promoted(planner.policy());
      old_gone = promoted + planned_until_gone(planner.policy());
      note_promotion(facts, promoted);
      now = promoted;
    }
  }

  void problem(const SubjectFacts& facts, const Error& why) {
    if (calendar_.problems.size() < kProblemsMax)
      calendar_.problems.push_back(facts.subject.text() + ": " + why.message);
  }

  Calendar take() {
    std::sort(calendar_.entries.begin(), calendar_.entries.end(), [](const auto& a, const auto& b) {
      return a.at != b.at ? a.at < b.at : a.subject < b.subject;
    });
    std::sort(calendar_.freezes.begin(), calendar_.freezes.end(),
              [](const auto& a, const auto& b) { return a.from < b.from; });
    return std::move(calendar_);
  }

 private:
  void note_freezes(const EffectivePolicy& policy) {
    for (const Blackout& blackout : policy.blackouts) {
      const auto from = parse_rfc3339(blackout.from), to = parse_rfc3339(blackout.to);
      if (!from || !to || *to <= calendar_.from || *from >= calendar_.to) continue;
      if (seen_.insert(blackout.name + '\n' + blackout.from + blackout.to).second)
        calendar_.freezes.push_back({blackout.name, *from, *to});
    }
  }

  Calendar calendar_;
  std::set<std::string> seen_;
};

}  // namespace

Result<Calendar> make_calendar(std::span<const SubjectFacts> inventory,
                               std::span<const PolicyDocument> documents, WallTime from,
                               Seconds length, ByteView jitter_seed) {
  if (length <= Seconds(0) || length > kLengthMax)
    return error(Code::kInvalidArgument, "bad_range", "a calendar shows up to 400 days");
  PlannerSet planners(documents, jitter_seed);
  Expansion expansion(from, from + length);
  for (const SubjectFacts& facts : inventory) {
    const auto planner = planners.of(facts);
    if (!planner) {
      expansion.problem(facts, planner.error());
      continue;
    }
    KW_OK(expansion.add(facts, **planner));
  }
  return expansion.take();
}

}  // namespace kw::rotation
