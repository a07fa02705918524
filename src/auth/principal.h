// Who is calling: a principal with roles, authenticated by a token or a client certificate.
//
// Plain values; thread-safe as std::vector. Names compare byte by byte.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/name.h"
#include "base/result.h"

namespace kw::auth {

/// The roles of docs/threat_model.md (security model). A grant is a role for one tenant, or for all
/// ("*").
enum class Role : std::uint8_t {
  kKeyAdmin,          ///< KA: creates, rotates, changes keys; never uses them
  kKeyUser,           ///< KU: encrypts, signs …; never administers them
  kSecurityOfficer,   ///< SO: suspends, revokes, tenants, access
  kApprover,          ///< AP
  kTenantOwner,       ///< TO
  kArchiveCustodian,  ///< AC
  kAuditor,           ///< AU: reads everything in the audit log, writes nothing
  kOperator,          ///< OP: health, metrics, seal, jobs; no key rights
  kScheduler,         ///< SCH: the service itself
  kSetup,             ///< the first token: makes principals and tenants, nothing else; at most 1 h
  kSecretAdmin,       ///< SA: writes, rotates, binds secrets; never reads their values
  kSecretUser,        ///< SU: reads values of secrets; never changes them
};
inline constexpr int kRoleCount = 12;
/// "key-admin", "key-user", "security-officer", "approver", "tenant-owner", "archive-custodian",
/// "auditor", "operator", "scheduler", "setup", "secret-admin" or "secret-user".
std::string_view role_name(Role role);
/// The role with this name, compared byte by byte. @errors kInvalidArgument(bad_role)
Result<Role> parse_role(std::string_view name);

struct Grant {
  Role role;
  std::string tenant;  ///< a tenant name, or "*"
  bool operator==(const Grant&) const = default;
};

/// A known caller. Immutable snapshot, shared between requests.
struct Principal {
  std::string name;
  std::string method;  ///< "token", "certificate", "internal"
  std::vector<Grant> grants;
  std::string token_accessor;      ///< id of the token used; "" otherwise
  std::string certificate_sha256;  ///< hex, when the token or caller is bound to one
  WallTime expires_at;             ///< of the token; WallTime::max() when nothing of ours expires

  /// True when a grant of `role` covers `tenant`. "" (a system-wide object) needs a grant for "*".
  bool has(Role role, std::string_view tenant) const;
};

/// Whether separation of duties holds: kDevelopment lets one person play all roles (dev server
/// only).
enum class Duties : std::uint8_t { kEnforce, kDevelopment };

/// True when no one may hold both grants: key-admin with key-user or approver, secret-admin with
/// secret-user or approver, auditor with any
/// other role, for overlapping tenants; setup with anything, for all tenants.
bool duties_conflict(const Grant& a, const Grant& b);

/// Separation of duties over a whole set of grants.
/// @errors kInvalidArgument(duties_conflict), naming the two roles.
/// @source ANSI INCITS 359-2012 (RBAC), static separation of duty.
Status check_duties(std::span<const Grant> grants);

}  // namespace kw::auth
