#include "rotation/schedule_rate.h"

#include <algorithm>

namespace kw::rotation {

namespace {
// No schedule looks further; a time that was never set is no further away than this.
constexpr std::chrono::microseconds kFar = std::chrono::hours(24 * 365 * 100);
}  // namespace

WallTime ScheduleRate::scheduled(WallTime real_time) const {
  if (rate == 1) return real_time;
  return origin + std::clamp(real_time - origin, -kFar / rate, kFar / rate) * rate;
}

WallTime ScheduleRate::real(WallTime scheduled_time) const {
  return rate == 1 ? scheduled_time : origin + (scheduled_time - origin) / rate;
}

SubjectFacts ScheduleRate::scheduled(SubjectFacts facts) const {
  if (rate == 1) return facts;
  facts.primary_since = scheduled(facts.primary_since);
  facts.created_at = scheduled(facts.created_at);
  if (facts.expires_at) facts.expires_at = scheduled(*facts.expires_at);
  return facts;
}

Result<Due> next_due(const SubjectFacts& facts, const EffectivePolicy& policy, WallTime now,
                     ByteView jitter_seed, const ScheduleRate& rate) {
  KW_TRY(Due due, next_due(rate.scheduled(facts), policy, rate.scheduled(now), jitter_seed));
  if (rate.rate == 1) return due;
  due.base = rate.real(due.base);
  due.by = rate.real(due.by);
  if (due.at) due.at = rate.real(*due.at);
  if (due.hard_deadline) due.hard_deadline = rate.real(*due.hard_deadline);
  return due;
}

}  // namespace kw::rotation
