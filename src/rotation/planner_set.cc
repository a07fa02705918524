#include "rotation/planner_set.h"

#include "rotation/policy_json.h"
#include "rotation/policy_merge.h"

namespace kw::rotation {

Result<std::shared_ptr<const Planner>> PlannerSet::of(const SubjectFacts& facts) {
  const EffectivePolicy policy = effective_policy(documents_, facts);
  auto& shared = by_policy_[policy_json(policy)];
  if (!shared) {
    KW_TRY(Planner planner, Planner::of(policy, seed_));
    shared = std::make_shared<const Planner>(std::move(planner));
  }
  return shared;
}

}  // namespace kw::rotation
