#include "auth/policy_set.h"

#include "codec/base64.h"

namespace kw::auth {

PolicySet::PolicySet() {
  compute_hash();
}

void PolicySet::TenantPolicies::index() {
  all.clear();
  of_any_action.clear();
  by_action.clear();
  for (const auto& [name, policy] : by_name) {
    for (const Statement& statement : *policy.statements) {
      all.push_back(&statement);
      if (statement.actions.empty()) of_any_action.push_back(&statement);
      for (const std::string& action : statement.actions) by_action[action].push_back(&statement);
    }
  }
}

StatementList PolicySet::TenantPolicies::of_action(std::string_view action) const {
  const auto found = by_action.find(action);
  if (found == by_action.end()) return {};
  return found->second;
}

const PolicySet::TenantPolicies* PolicySet::find(std::string_view tenant) const {
  const auto found = by_tenant_.find(tenant);
  return found == by_tenant_.end() ? nullptr : found->second.get();
}

Result<PolicySet> PolicySet::with(std::span<const PolicyRow> rows,
                                  const Vocabulary& vocabulary) const {
  std::map<std::string, std::shared_ptr<TenantPolicies>> changed;
  for (const PolicyRow& row : rows) {
    auto& tenant = changed[row.tenant];
    if (!tenant) {
      const TenantPolicies* before = find(row.tenant);
      tenant = before != nullptr ? std::make_shared<TenantPolicies>(*before)
                                 : std::make_shared<TenantPolicies>();
    }
    tenant->by_name.erase(row.name);
    if (row.removed) continue;
    auto statements = statements_of(row, vocabulary);
    if (!statements) {
      return error(Code::kFailedPrecondition, "policy_unreadable",
                   "policy " + row.tenant + "/" + row.name + ": " + statements.error().message);
    }
    tenant->by_name[row.name] = {
        crypto::sha256(as_bytes(row.yaml)),
        std::make_shared<const std::vector<Statement>>(*std::move(statements))};
  }
  PolicySet next = *this;
  for (auto& [name, tenant] : changed) {
    tenant->index();
    next.by_tenant_[name] = std::move(tenant);
  }
  next.compute_hash();
  return next;
}

void PolicySet::compute_hash() {
  ByteWriter text;
  text.field("keywright/policy-set/v1");
  for (const auto& [tenant, policies] : by_tenant_) {
    for (const auto& [name, policy] : policies->by_name)
      text.field(tenant).field(name).raw(policy.digest);
  }
  hash_ = codec::hex(crypto::sha256(text.bytes()));
}

Candidates PolicySet::candidates(std::string_view tenant, std::string_view action) const {
  Candidates candidates;
  const std::array<const TenantPolicies*, 2> scopes = {find(""),
                                                       tenant.empty() ? nullptr : find(tenant)};
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    if (scopes[i] == nullptr) continue;
    candidates.relevant[2 * i] = scopes[i]->of_action(action);
    candidates.relevant[2 * i + 1] = scopes[i]->of_any_action;
    candidates.all[i] = scopes[i]->all;
  }
  return candidates;
}

}  // namespace kw::auth
