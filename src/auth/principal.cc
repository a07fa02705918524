#include "auth/principal.h"

#include <algorithm>
#include <array>

namespace kw::auth {
namespace {

constexpr std::array<std::string_view, kRoleCount> kRoleNames = {
    "key-admin",         "key-user", "security-officer", "approver",  "tenant-owner",
    "archive-custodian", "auditor",  "operator",         "scheduler", "setup",
    "secret-admin",      "secret-user"};

bool overlap(std::string_view a, std::string_view b) {
  return a == b || a == "*" || b == "*";
}

bool pair_is(const Grant& a, const Grant& b, Role one, Role other) {
  return (a.role == one && b.role == other) || (a.role == other && b.role == one);
}

}  // namespace

std::string_view role_name(Role role) {
  return kRoleNames.at(static_cast<std::size_t>(role));
}

Result<Role> parse_role(std::string_view name) {
  const auto found = std::find(kRoleNames.begin(), kRoleNames.end(), name);
  if (found == kRoleNames.end()) {
    return error(Code::kInvalidArgument, "bad_role", "there is no role with this name");
  }
  return static_cast<Role>(found - kRoleNames.begin());
}

bool Principal::has(Role role, std::string_view tenant) const {
  return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
    return grant.role == role &&
           (grant.tenant == "*" || (!tenant.empty() && grant.tenant == tenant));
  });
}

bool duties_conflict(const Grant& a, const Grant& b) {
  if (a.role == b.role) return false;
  if (a.role == Role::kSetup || b.role == Role::kSetup) return true;
  if (!overlap(a.tenant, b.tenant)) return false;
  return a.role == Role::kAuditor || b.role == Role::kAuditor ||
         pair_is(a, b, Role::kKeyAdmin, Role::kKeyUser) ||
         pair_is(a, b, Role::kKeyAdmin, Role::kApprover) ||
         pair_is(a, b, Role::kSecretAdmin, Role::kSecretUser) ||
         pair_is(a, b, Role::kSecretAdmin, Role::kApprover);
}

Status check_duties(std::span<const Grant> grants) {
  for (std::size_t i = 0; i < grants.size(); ++i) {
    for (std::size_t j = i + 1; j < grants.size(); ++j) {
      if (!duties_conflict(grants[i], grants[j])) continue;
      return error(Code::kInvalidArgument, "duties_conflict",
                   "one principal cannot be both " + std::string(role_name(grants[i].role)) +
                       " and " + std::string(role_name(grants[j].role)));
    }
  }
  return ok();
}

}  // namespace kw::auth
