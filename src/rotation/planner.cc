#include "rotation/planner.h"

#include <algorithm>

#include "crypto/digest.h"
#include "rotation/duration_text.h"
#include "rotation/policy_check.h"

namespace kw::rotation {
namespace {

using std::chrono::floor;
using std::chrono::hours;

constexpr Seconds kJitterMax = hours(24 * 7);
constexpr Seconds kCronJitterMax = hours(1);
// Beyond this part of a limit nothing waits for a window. @source spec: alert at 50 %, block at 90
// %.
constexpr double kUseUrgent = 0.9;
constexpr double kLookAheadMax = 100.0 * 365 * 86'400;

Seconds whole(WallTime time) {
  return floor<Seconds>(time.time_since_epoch());
}

Seconds jitter_span(const EffectivePolicy& policy, Seconds interval) {
  return std::min({interval / 10, kJitterMax, policy.jitter});
}

// The last point of the form anchor + k * step that is not after `time`.
Seconds last_point(Seconds time, Seconds anchor, Seconds step) {
  const Seconds past = (time - anchor) % step;
  return time - (past < Seconds(0) ? past + step : past);
}

struct UseLimit {
  std::int64_t used;
  const std::optional<std::int64_t>& most;
  double per_second;
  Trigger trigger;
  std::string_view field;
};

}  // namespace

UseRate UseRate::of(const SubjectFacts& facts, WallTime now) {
  const double age = std::chrono::duration<double>(now - facts.primary_since).count();
  if (age < 1) return {};
  return {static_cast<double>(facts.operations) / age, static_cast<double>(facts.bytes) / age};
}

Seconds start_before(const EffectivePolicy& policy, std::optional<Seconds> interval) {
  const Seconds margin = policy.approvals > 0 ? hours(24) : hours(1);
  return planned_until_promoted(policy) + (interval ? std::min(margin, *interval / 20) : margin);
}

void note_promotion(SubjectFacts& facts, WallTime promoted) {
  if (facts.expires_at) facts.expires_at = promoted + (*facts.expires_at - facts.primary_since);
  facts.primary_since = promoted;
  facts.operations = facts.bytes = 0;
  ++facts.primary;
}

Planner::Planner(const EffectivePolicy& policy, Opening opening, ByteView seed)
    : policy_(policy), opening_(std::move(opening)), seed_(SecretBytes::copy_of(seed)) {}

Result<Planner> Planner::of(const EffectivePolicy& policy, ByteView jitter_seed) {
  KW_CHECK(!jitter_seed.empty());
  KW_TRY(Opening opening, Opening::of(policy));
  Planner planner(policy, std::move(opening), jitter_seed);
  for (const CronSchedule& schedule : policy.crons) {
    KW_TRY(const Cron cron, Cron::parse(schedule.cron));
    KW_TRY(const TimeZone zone, TimeZone::find(schedule.zone));
    planner.crons_.push_back({cron, zone});
  }
  return planner;
}

// 0 to below `span`, always the same for this subject.
Seconds Planner::offset(const SubjectFacts& facts, Seconds span) const {
  if (span < Seconds(1)) return Seconds(0);
  const crypto::Digest256 mac = crypto::hmac_sha256(seed_, as_bytes(facts.subject.text()));
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | mac[static_cast<std::size_t>(i)];
  return Seconds(static_cast<std::int64_t>(value % static_cast<std::uint64_t>(span.count())));
}

// Points of the subject's own phase, so dense that one lies in the last tenth before the latest
// begin, and so spaced that a run which began on a point leads to a point again: whatever a run
// takes or waits, the next one is back on the phase.
std::optional<Planner::Source> Planner::of_interval(const SubjectFacts& facts) const {
  if (!policy_.interval && !policy_.max_age) return std::nullopt;
  const bool by_age =
      !policy_.interval || (policy_.max_age && *policy_.max_age < *policy_.interval);
  const Seconds interval = by_age ? *policy_.max_age : *policy_.interval;
  const Seconds usable = interval - start_before(policy_, interval);
  Source source;
  source.base = source.by = facts.primary_since + interval;
  source.floor = source.base - std::min(interval / 10, kJitterMax);
  source.field = by_age ? "max_age" : "interval";
  source.aim = facts.primary_since + usable;
  const Seconds span = jitter_span(policy_, interval);
  if (span < Seconds(1) || usable < span) return source;
  const Seconds step = usable / ((usable + span - Seconds(1)) / span);
  const Seconds anchor = whole(facts.created_at) + offset(facts, step);
  source.aim = WallTime(last_point(whole(facts.primary_since) + usable, anchor, step));
  return source;
}

std::optional<Planner::Source> Planner::of_crons(const SubjectFacts& facts) const {
  std::optional<Source> first;
  for (const Clockwork& clock : crons_) {
    const auto fires = clock.cron.next_after(facts.primary_since, clock.zone);
    if (!fires || (first && first->base <= *fires)) continue;
    const auto again = clock.cron.next_after(*fires, clock.zone);
    Source source;
    source.base = source.floor = *fires;
    source.by = again.value_or(*fires + hours(24 * 365));
    const Seconds gap = floor<Seconds>(source.by - *fires);
    const Seconds span = std::min(jitter_span(policy_, gap), kCronJitterMax);
    source.aim = *fires;
    source.aim += offset(facts, span);
    source.field = "crons";
    first = source;
  }
  return first;
}

std::optional<Planner::Source> Planner::of_expiry(const SubjectFacts& facts) const {
  if (!facts.expires_at) return std::nullopt;
  const Seconds life =
      std::max(Seconds(0), floor<Seconds>(*facts.expires_at - facts.primary_since));
  const Seconds lead = policy_.expiry_lead ? std::min(*policy_.expiry_lead, life / 2) : life / 3;
  Source source;
  source.base = *facts.expires_at - lead;
  source.aim = source.base;
  const Seconds span = jitter_span(policy_, lead);
  source.aim -= offset(facts, span);
  source.floor = source.base - std::min(lead / 2, kJitterMax);
  source.trigger = Trigger::kExpiry;
  source.field = "expiry_lead";
  source.deadline = source.by = *facts.expires_at;
  return source;
}

std::optional<Planner::Source> Planner::of_use(const SubjectFacts& facts, WallTime now,
                                               const UseRate& rate) const {
  const UseLimit limits[] = {
      {facts.operations, policy_.max_operations, rate.operations_per_second, Trigger::kUsage,
       "max_operations"},
      {facts.bytes, policy_.max_bytes, rate.bytes_per_second, Trigger::kVolume, "max_bytes"}};
  std::optional<Source> first;
  for (const UseLimit& limit : limits) {
    if (!limit.most) continue;
    const auto most = static_cast<double>(*limit.most);
    const double left = policy_.use_fraction * most - static_cast<double>(limit.used);
    if (left > 0 && (limit.per_second <= 0 || left / limit.per_second > kLookAheadMax)) continue;
    Source source;
    source.base = now;
    if (left > 0) source.base += Seconds(static_cast<std::int64_t>(left / limit.per_second));
    source.aim = source.floor = source.base;
    source.by = source.base + hours(24);
    source.trigger = limit.trigger;
    source.field = limit.field;
    if (static_cast<double>(limit.used) >= kUseUrgent * most) source.deadline = now;
    if (!first || source.aim < first->aim) first = source;
  }
  return first;
}

std::optional<Planner::Source> Planner::earliest(const SubjectFacts& facts, WallTime now,
                                                 const UseRate& rate) const {
  std::optional<Source> first;
  for (const auto& source :
       {of_interval(facts), of_crons(facts), of_expiry(facts), of_use(facts, now, rate)}) {
    if (source && (!first || source->aim < first->aim)) first = source;
  }
  return first;
}

std::optional<WallTime> Planner::deadline(const SubjectFacts& facts, const Source& source) const {
  std::optional<WallTime> first = source.deadline;
  const auto at_latest = [&](WallTime when) {
    if (!first || when < *first) first = when;
  };
  if (policy_.max_age) at_latest(facts.primary_since + *policy_.max_age);
  if (facts.expires_at) at_latest(*facts.expires_at);
  if (policy_.hard_deadline > Seconds(0)) at_latest(source.base + policy_.hard_deadline);
  return first;
}

void Planner::place(const Source& source, WallTime now, Due& due) const {
  const WallTime latest =
      due.hard_deadline ? *due.hard_deadline - start_before(policy_, policy_.interval) : now;
  const WallTime want =
      std::max(now, due.hard_deadline ? std::min(source.aim, latest) : source.aim);
  due.at = want;
  if (opening_.always()) return;
  const auto open = opening_.next_open(want);
  if (open && (!due.hard_deadline || *open <= latest)) {
    due.at = open;
    return;
  }
  due.at = open;
  if (!due.hard_deadline) return;
  if (const auto earlier = opening_.last_open(std::max(now, source.floor), latest)) {
    due.at = earlier;
    return;
  }
  if (policy_.at_deadline != AtDeadline::kRunAnyway && source.trigger != Trigger::kExpiry) return;
  due.at = std::max(now, latest);
  due.forced = !opening_.open_at(*due.at);
}

std::string Planner::why(const SubjectFacts& facts, const Source& source) const {
  const std::string field(source.field);
  if (field == "interval" || field == "max_age") {
    const Seconds length = field == "interval" ? *policy_.interval : *policy_.max_age;
    return field + " " + duration_text(length) + " after " + rfc3339(facts.primary_since);
  }
  if (field == "crons") return "cron at " + rfc3339(source.base);
  if (field == "expiry_lead") {
    const Seconds lead = floor<Seconds>(*facts.expires_at - source.base);
    return "expires " + rfc3339(*facts.expires_at) + ", lead " + duration_text(lead);
  }
  const bool bytes = field == "max_bytes";
  const std::int64_t used = bytes ? facts.bytes : facts.operations;
  return "use: " + (bytes ? size_text(used) : count_text(used)) + " of " +
         (bytes ? size_text(*policy_.max_bytes)
                : count_text(*policy_.max_operations) + " operations");
}

Due Planner::next(const SubjectFacts& facts, WallTime now, const UseRate& rate) const {
  Due due;
  if (!policy_.scheduled || facts.primary == 0) {
    due.why = policy_.scheduled ? "no primary version" : "not scheduled";
    return due;
  }
  const auto source = earliest(facts, now, rate);
  if (!source) {
    due.why = "no clause schedules it";
    return due;
  }
  due.base = source->base;
  due.trigger = source->trigger;
  due.hard_deadline = deadline(facts, *source);
  due.by = due.hard_deadline ? std::min(source->by, *due.hard_deadline) : source->by;
  if (due.hard_deadline && policy_.hard_deadline > Seconds(0)) due.by = *due.hard_deadline;
  due.why = why(facts, *source);
  place(*source, now, due);
  if (!due.at) due.why += "; no window ever opens";
  return due;
}

}  // namespace kw::rotation
