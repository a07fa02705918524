// All policies in force, indexed by tenant and action. Immutable; a change makes a new set that
// shares what is the same. Inside the room only.
#pragma once

#include <memory>

#include "auth/evaluation.h"
#include "auth/policy_rows.h"
#include "crypto/digest.h"

namespace kw::auth {

class PolicySet {
 public:
  PolicySet();
  /// This set with `rows` created, replaced or removed.
  /// @errors kFailedPrecondition(policy_unreadable)
  Result<PolicySet> with(std::span<const PolicyRow> rows, const Vocabulary& vocabulary) const;
  Candidates candidates(std::string_view tenant, std::string_view action) const;
  /// SHA-256 over (tenant, name, text) of every policy, hex.
  const std::string& hash() const { return hash_; }

 private:
  struct Policy {
    crypto::Digest256 digest;
    std::shared_ptr<const std::vector<Statement>> statements;
  };
  struct TenantPolicies {
    std::map<std::string, Policy> by_name;
    // The rest is made from by_name.
    std::vector<const Statement*> all;
    std::vector<const Statement*> of_any_action;
    std::map<std::string_view, std::vector<const Statement*>> by_action;
    void index();
    StatementList of_action(std::string_view action) const;
  };
  const TenantPolicies* find(std::string_view tenant) const;
  void compute_hash();

  std::map<std::string, std::shared_ptr<const TenantPolicies>, std::less<>> by_tenant_;
  std::string hash_;
};

}  // namespace kw::auth
