// Rotation policies: apply, look, and ask what they come to before anything happens.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rotation/simulation.h"
#include "service/gate.h"

namespace kw::service {

/// The call's tenant is "" for policies of all tenants. @param after  "TENANT/NAME", or "".
/// @returns those of all tenants, then the tenant's own.
Result<std::vector<rotation::StoredPolicy>> list_rotation_policies(House& house, Call& call,
                                                                   std::string_view after,
                                                                   int limit);
/// The tenant's policy of this name, else that of all tenants, else the built-in template (epoch
/// 0). @errors kNotFound(not_found)
Result<rotation::StoredPolicy> show_rotation_policy(House& house, Call& call,
                                                    const ObjectName& name);

/// The built-in ones.
Result<std::vector<rotation::PolicyDocument>> list_rotation_templates(House& house, Call& call);

/// What a policy would do if it were in force.
struct PolicyVerdict {
  std::size_t subjects = 0;         ///< that it applies to now
  bool whole = true;                ///< false: the inventory is larger than what was judged
  std::vector<std::string> sample;  ///< at most 10 of them
};
/// Creates or replaces. @param expected_epoch  what the caller saw; nothing: whatever is there.
/// @errors those of parse_policy_document and check_policy, with the arithmetic; kInvalidArgument
///   (bad_policy): it bears another name than the path; kAborted(stale_epoch).
/// @audit rotation-policy.put
struct PolicyChange {
  rotation::StoredPolicy stored;
  PolicyVerdict verdict;
};
Result<PolicyChange> put_rotation_policy(House& house, Call& call, const ObjectName& name,
                                         std::string_view document,
                                         std::optional<std::int64_t> expected_epoch,
                                         const Wording<PolicyChange>& wording = {});
/// @errors kNotFound(not_found), kAborted(stale_epoch). @audit rotation-policy.remove
Status remove_rotation_policy(House& house, Call& call, const ObjectName& name,
                              std::optional<std::int64_t> expected_epoch,
                              const Wording<Done>& wording = {});
/// Everything that put would judge, changing nothing. @errors as put
struct CheckedPolicy {
  rotation::PolicyDocument document;
  PolicyVerdict verdict;
};
Result<CheckedPolicy> check_rotation_policy(House& house, Call& call, std::string_view document);

/// Why a subject rotates when it does.
struct Explanation {
  rotation::SubjectFacts facts;
  rotation::EffectivePolicy policy;    ///< each number with the clause that set it
  rotation::Due due;                   ///< in real time
  std::vector<std::string> documents;  ///< the policies that apply
  std::optional<Error> unmet;          ///< what cannot be met, with the arithmetic
  std::optional<rotation::Run> run;    ///< the open one
};
/// @param subject  of the call's tenant. @errors kNotFound(not_found),
/// kInvalidArgument(bad_subject)
Result<Explanation> explain_rotation(House& house, Call& call, const rotation::Subject& subject);

struct SimulationOrder {
  int years = 1;         ///< 1 to 10
  int per_hour = 0;      ///< rotations that may begin in one hour; 0: no limit
  std::string document;  ///< as if it were in force; ""
};
struct Simulated {
  rotation::SimulationReport report;
  std::vector<rotation::SubjectFacts> inventory;
};
/// At most 20,000 subjects and 1,000,000 rotations.
/// @errors kResourceExhausted(inventory_too_large | simulation_too_large), those of check
Result<Simulated> simulate_rotation(House& house, Call& call, const SimulationOrder& order);

}  // namespace kw::service
