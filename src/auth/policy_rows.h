// The table `access_policy`: one authenticated row per policy. A removed one keeps its row, without
// text, so that every node learns of the removal. Inside the room only.
#pragma once

#include <optional>

#include "auth/policy.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::auth {

struct PolicyRow {
  std::string tenant;  // "" for policies that hold everywhere
  std::string name;
  std::string yaml;
  bool removed = false;
  std::int64_t epoch = 0;
};

/// @errors of all reads: kDataLoss(row_tampered)
Result<std::vector<PolicyRow>> policies_changed_since(store::Reader& reader, seal::Barrier& barrier,
                                                      std::int64_t change);
Result<std::vector<PolicyRow>> policies_of(store::Reader& reader, seal::Barrier& barrier,
                                           std::string_view tenant);
Result<bool> has_policy(store::Reader& reader, std::string_view tenant, std::string_view name);
/// Creates or replaces.
Status put_policy_row(store::Tx& tx, seal::Barrier& barrier, const PolicyRow& row);

/// parse_policy, and every statement within the tenant: one that names none is narrowed to it.
/// @errors kInvalidArgument(bad_policy), kTooLarge(policy_too_large)
Result<std::vector<Statement>> statements_of(const PolicyRow& row, const Vocabulary& vocabulary);

}  // namespace kw::auth
