// An effective policy as canonical JSON, as a run stores it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rotation/policy.h"

namespace kw::rotation {

/// RFC 8785 form: one line, members sorted; the values as the policy language writes them.
std::string policy_json(const EffectivePolicy& policy);
/// Reads what policy_json wrote. @errors kInvalidArgument(bad_policy)
Result<EffectivePolicy> parse_policy_json(std::string_view json);

/// policy_json() for many: policies of many subjects are mostly the same few. Not thread-safe.
class PolicyTexts {
 public:
  /// Borrowed until the next call.
  const std::string& of(const EffectivePolicy& policy);

 private:
  struct Known {
    EffectivePolicy policy;
    std::string json;
  };
  std::vector<Known> known_;  ///< the last few
};

}  // namespace kw::rotation
