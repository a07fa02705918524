#include "rotation/schedule.h"

#include "rotation/planner.h"

namespace kw::rotation {

Result<Due> next_due(const SubjectFacts& facts, const EffectivePolicy& policy, WallTime now,
                     ByteView jitter_seed) {
  KW_TRY(const Planner planner, Planner::of(policy, jitter_seed));
  return planner.next(facts, now, UseRate::of(facts, now));
}

bool use_limit_reached(const SubjectFacts& facts, const EffectivePolicy& policy) {
  const auto reached = [&](std::int64_t used, const std::optional<std::int64_t>& most) {
    return most && static_cast<double>(used) >= policy.use_fraction * static_cast<double>(*most);
  };
  return reached(facts.operations, policy.max_operations) || reached(facts.bytes, policy.max_bytes);
}

}  // namespace kw::rotation
