#include "rotation/policy_check.h"

#include <algorithm>
#include <set>

#include "rotation/duration_text.h"
#include "rotation/planner.h"
#include "rotation/policy_merge.h"

namespace kw::rotation {
namespace {

constexpr Seconds kLookback = std::chrono::hours(24 * 7);
constexpr Seconds kYears = std::chrono::hours(24 * 800);
constexpr int kCronSamples = 400;

Error unmet(std::string_view reason, const std::string& why) {
  return error(Code::kFailedPrecondition, reason, why);
}

std::string text(Seconds duration) {
  return duration_text(std::max(duration, Seconds(0)));
}

Seconds soak_of(const EffectivePolicy& policy) {
  return policy.soak * static_cast<int>(policy.rollout_percent.size() - 1);
}

std::string run_arithmetic(const EffectivePolicy& policy) {
  return "publish_wait " + text(policy.publish_wait) + " + soak " + text(policy.soak) + " x " +
         std::to_string(policy.rollout_percent.size() - 1) + " steps + overlap " +
         text(std::max(policy.min_overlap, policy.quiet)) + " + quarantine " +
         text(policy.quarantine) + " = " +
         text(planned_until_promoted(policy) + planned_until_gone(policy));
}

struct Every {
  Seconds time;
  std::string what;
};

// The shortest time between two rotations that the policy demands.
std::optional<Every> shortest(const EffectivePolicy& policy, WallTime now) {
  std::optional<Every> least;
  const auto at_most = [&](Seconds time, std::string_view what) {
    if (!least || time < least->time) least = Every{time, std::string(what)};
  };
  if (policy.interval) at_most(*policy.interval, "interval");
  if (policy.max_age) at_most(*policy.max_age, "max_age");
  for (const CronSchedule& schedule : policy.crons) {
    const auto cron = Cron::parse(schedule.cron);
    const auto zone = TimeZone::find(schedule.zone);
    if (!cron || !zone) continue;
    auto last = cron->next_after(now, *zone);
    for (int i = 0; last && i < kCronSamples; ++i) {
      const auto next = cron->next_after(*last, *zone);
      if (next)
        at_most(std::chrono::floor<Seconds>(*next - *last), "cron \"" + schedule.cron + '"');
      last = next;
    }
  }
  return least;
}

Status check_fires(const EffectivePolicy& policy, const SubjectFacts& facts, WallTime now) {
  const bool source = policy.interval || policy.max_age || policy.expiry_lead ||
                      !policy.crons.empty() || policy.max_operations || policy.max_bytes ||
                      facts.expires_at;
  if (!source && policy.events.empty())
    return unmet("never_fires",
                 "no interval, cron, age, expiry, limit or event begins a rotation; add one, or "
                 "write scheduled: false");
  for (const CronSchedule& schedule : policy.crons) {
    KW_TRY(const Cron cron, Cron::parse(schedule.cron));
    KW_TRY(const TimeZone zone, TimeZone::find(schedule.zone));
    if (!cron.next_after(now, zone))
      return unmet("never_fires", "cron \"" + schedule.cron + "\" never comes");
  }
  return ok();
}

Status check_overlap(const EffectivePolicy& policy, WallTime now) {
  const auto every = shortest(policy, now);
  const Seconds run = planned_until_promoted(policy) + planned_until_gone(policy);
  if (!every || run < every->time) return ok();
  return unmet("interval_below_overlap",
               every->what + " " + text(every->time) + " is not longer than a whole run: " +
                   run_arithmetic(policy) + "; lengthen the interval or shorten the overlap");
}

Status check_lead(const EffectivePolicy& policy) {
  const Seconds run = planned_until_promoted(policy);
  if (!policy.expiry_lead || run < *policy.expiry_lead) return ok();
  return unmet("lead_too_short", "expiry_lead " + text(*policy.expiry_lead) +
                                     " is not longer than publish_wait " +
                                     text(policy.publish_wait) + " + soak " +
                                     text(soak_of(policy)) + " = " + text(run));
}

// From the earliest begin that the schedule may choose to the last that meets the deadline.
std::optional<Seconds> room_for_windows(const EffectivePolicy& policy, const SubjectFacts& facts) {
  std::optional<Seconds> room;
  const Seconds run = start_before(policy, policy.interval);
  const auto at_most = [&](Seconds time) {
    if (!room || time < *room) room = time;
  };
  const auto length = policy.interval ? policy.interval : policy.max_age;
  if (length) {
    const Seconds earliest = *length - std::min(*length / 10, kLookback);
    if (policy.max_age) at_most(*policy.max_age - run - earliest);
    if (policy.hard_deadline > Seconds(0)) at_most(*length + policy.hard_deadline - run - earliest);
  } else if (policy.hard_deadline > Seconds(0)) {
    at_most(policy.hard_deadline - run);
  }
  if (policy.expiry_lead && facts.expires_at) at_most(*policy.expiry_lead - run);
  return room;
}

// One blackout is an exception that a deadline may override; windows are the rule and must do.
Status check_windows(const EffectivePolicy& policy, const SubjectFacts& facts, WallTime now) {
  if (policy.windows.empty()) return ok();
  EffectivePolicy windows_only;
  windows_only.windows = policy.windows;
  KW_TRY(const Opening opening, Opening::of(windows_only));
  const auto closed = opening.longest_closed(now, now + kYears);
  if (!closed)
    return unmet("never_fires", "no time lies in a window of every policy; their windows: " +
                                    std::to_string(policy.windows.size()));
  const auto room = room_for_windows(policy, facts);
  if (!room || *closed <= *room) return ok();
  return unmet(
      "window_after_deadline",
      "the windows stay closed for up to " + text(*closed) +
          ", but between the earliest begin and the last one that meets the deadline lie " +
          text(*room) + "; open them more often or move the deadline");
}

Status check_consumer(const EffectivePolicy& policy, const ConsumerTiming& consumer) {
  const Seconds seen = consumer.refresh + consumer.apply;
  const Seconds needed = seen + consumer.session + consumer.clock_skew;
  const Seconds overlap = std::max(policy.min_overlap, policy.quiet);
  if (overlap < needed)
    return unmet("overlap_too_short",
                 "overlap " + text(overlap) + " is shorter than consumer " + consumer.name +
                     " needs: refresh " + text(consumer.refresh) + " + apply " +
                     text(consumer.apply) + " + session " + text(consumer.session) +
                     " + clock skew " + text(consumer.clock_skew) + " = " + text(needed));
  if (policy.acknowledgement_deadline > Seconds(0) && policy.acknowledgement_deadline < seen)
    return unmet("acknowledgement_too_short",
                 "acknowledgement_deadline " + text(policy.acknowledgement_deadline) +
                     " is shorter than consumer " + consumer.name + " takes: refresh " +
                     text(consumer.refresh) + " + apply " + text(consumer.apply) + " = " +
                     text(seen));
  return ok();
}

// A subject that the selector accepts.
SubjectFacts example(const Selector& selector, const std::string& type,
                     std::string_view classification) {
  const auto first = [](const std::vector<std::string>& words, std::string_view otherwise) {
    return words.empty() ? std::string(otherwise) : words.front();
  };
  SubjectFacts facts;
  facts.subject = {first(selector.kinds, "key"), first(selector.tenants, "example"),
                   selector.name_prefix + "example"};
  facts.type = type;
  facts.classification = classification;
  facts.owner = first(selector.owners, "");
  facts.labels = selector.labels;
  facts.primary = 1;
  return facts;
}

std::set<std::string> types_of(const PolicyDocument& document) {
  const auto& named = document.applies_to.types;
  std::set<std::string> types(named.begin(), named.end());
  for (const auto& [type, clauses] : document.types) {
    if (named.empty() || std::find(named.begin(), named.end(), type) != named.end())
      types.insert(type);
  }
  if (named.empty()) types.insert("");
  return types;
}

}  // namespace

Seconds planned_until_promoted(const EffectivePolicy& policy) {
  return policy.publish_wait + soak_of(policy);
}

Seconds planned_until_gone(const EffectivePolicy& policy) {
  return std::max(policy.min_overlap, policy.quiet) + policy.quarantine;
}

Status check_policy(const EffectivePolicy& policy, const SubjectFacts& facts, WallTime now,
                    std::span<const ConsumerTiming> consumers) {
  if (policy.scheduled) {
    KW_OK(check_fires(policy, facts, now));
    KW_OK(check_overlap(policy, now));
    KW_OK(check_lead(policy));
    KW_OK(check_windows(policy, facts, now));
  }
  for (const ConsumerTiming& consumer : consumers) KW_OK(check_consumer(policy, consumer));
  return ok();
}

Status check_document(const PolicyDocument& document, WallTime now) {
  for (const std::string& type : types_of(document)) {
    for (const std::string_view classification : kClassifications) {
      const SubjectFacts facts = example(document.applies_to, type, classification);
      if (!document.applies_to.matches(facts)) continue;
      const EffectivePolicy policy = effective_policy(std::span(&document, 1), facts);
      const Status met = check_policy(policy, facts, now);
      if (met) continue;
      Error failure = met.error();
      failure.message = (type.empty() ? "any type" : "type " + type) + ", class " +
                        std::string(classification) + ": " + failure.message;
      return failure;
    }
  }
  return ok();
}

}  // namespace kw::rotation
