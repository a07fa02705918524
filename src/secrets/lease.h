// Dynamic credentials: short-lived users of a target, made on request, gone with their lease.
//
//   issue:   row (who, which user, the sealed password) -> target -> live -> the caller
//   end:     revoking -> target -> revoked; tried until it succeeds, whatever stops in between
//
// The row is there before the target is touched, so a crash leaves nothing that nobody knows of; a
// row that never became live is revoked like any other. Users at the target that have a role's
// prefix and no row are what an older copy of the store left behind: they are dropped after a
// grace. Tables: lease_role, lease_row (rows carry a MAC and an epoch). Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "observe/metrics.h"
#include "secrets/target.h"

namespace kw::secrets {

using LeaseId = Id<struct SecretLeaseTag>;
using Seconds = std::chrono::seconds;

/// What kind of users a tenant's callers may ask for.
struct LeaseRole {
  std::int64_t tenant = 0;
  std::string tenant_name;
  std::string name;    ///< as object names
  std::string target;  ///< in the same tenant
  Settings settings;   ///< the issuer's role rules
  std::string generator;
  Seconds ttl{3600};       ///< of a lease unless the caller asks for less; 60 s to 30 d
  Seconds ttl_max{86400};  ///< with all renewals; ttl to 90 d
  int leases_max = 100;    ///< live at once, 1 to 10,000
  std::int64_t epoch = 0;
};

enum class LeaseState : std::uint8_t { kIssuing, kLive, kRevoking, kRevoked };
std::string_view lease_state_name(LeaseState state);

struct Lease {
  LeaseId id;
  std::int64_t tenant = 0;
  std::string tenant_name, role, target;
  Settings settings;      ///< of the role when it was issued: what revocation takes back
  std::string principal;  ///< the user at the target
  std::string caller;     ///< who asked
  LeaseState state = LeaseState::kIssuing;
  WallTime issued_at, expires_at, last_at;  ///< last_at: renewals end there
  std::int64_t cell = 0;                    ///< of the password until it was handed out
  int attempts = 0;                         ///< of the revocation
  WallTime next_at;                         ///< when it is looked at again
  std::string problem;                      ///< stable: why the revocation has not succeeded yet
  std::int64_t epoch = 0;
};

/// All of one tenant together.
inline constexpr int kLeasesPerTenantMax = 20'000;

class Leases {
 public:
  struct Options {
    std::string node = "node-1";           ///< unique per process and start
    Seconds orphan_grace{600};             ///< so long a user without a row is left alone
    Seconds orphan_interval{300};          ///< between two looks for them
    observe::Registry* metrics = nullptr;  ///< counts of leases, and of late revocations
  };
  /// Borrows the targets.
  Leases(Targets& targets, Options options);

  // Roles.
  /// @errors kInvalidArgument(bad_role | …_setting | …_generator), kNotFound(not_found): no such
  ///   tenant or target; kFailedPrecondition(no_issuer). @audit kind "lease-role"
  Result<LeaseRole> put_role(Change change, std::string_view tenant, const ObjectName& name,
                             const LeaseRole& wanted);
  /// Its leases live on. @errors kNotFound(not_found)
  Status remove_role(Change change, std::string_view tenant, std::string_view name);
  Result<LeaseRole> role(store::Reader& reader, std::string_view tenant, std::string_view name);
  Result<std::vector<LeaseRole>> roles(store::Reader& reader, std::string_view tenant);

  // Leases. Not in a transaction; the target is called.
  struct Issued {
    Lease lease;
    SecretBytes password;
  };
  /// @param ttl  nothing: the role's. @errors kNotFound(not_found),
  /// kResourceExhausted(lease_quota),
  ///   kInvalidArgument(bad_ttl), kUnavailable(target_unreachable …): what may be left there is
  ///   revoked; kFailedPrecondition(what the target says). @audit lease.issue, kind "lease"
  Result<Issued> issue(const audit::Event& by, std::string_view tenant, std::string_view role,
                       std::string_view caller, std::optional<Seconds> ttl);
  /// From now on, at most to the end that renewals have. @errors kFailedPrecondition(lease_over),
  ///   kUnavailable(…): it ends when it would have ended. @audit lease.renew
  Result<Lease> renew(const audit::Event& by, const LeaseId& id, std::optional<Seconds> ttl);
  /// Ends it now, or as soon as the target answers. @audit lease.revoke
  Result<Lease> revoke(const audit::Event& by, const LeaseId& id);
  Result<Lease> show(store::Reader& reader, const LeaseId& id);
  struct Filter {
    std::string role, caller;  ///< "" matches all
    bool open = true;          ///< only those that are not revoked
    std::optional<LeaseId> after;
    int limit = 100;  ///< 1 to 1,000
  };
  /// By id. @errors kNotFound(not_found), kInvalidArgument(bad_limit)
  Result<std::vector<Lease>> list(store::Reader& reader, std::string_view tenant,
                                  const Filter& filter);

  /// One round of the worker: what is over is revoked, orphans are dropped. One node does it.
  /// @returns revocations that succeeded. @audit lease.expire, lease.revoked, lease.orphan
  Result<int> tick(const audit::Event& by);

 private:
  Result<Lease> begin(const audit::Event& by, const LeaseRole& role, std::string_view caller,
                      Seconds ttl, const SecretBytes& password);
  Result<Lease> moved(const audit::Event& by, std::string_view action, const Lease& lease,
                      const std::function<void(Lease&)>& change);
  Answer at_target(const Lease& lease,
                   const std::function<Answer(Issuer&, const Context&, const Place&)>& call);
  bool end(const audit::Event& by, const Lease& lease);
  Result<std::vector<Lease>> due();
  Status look_for_orphans(const audit::Event& by);
  Status drop_orphans(const audit::Event& by, const LeaseRole& role,
                      std::map<std::string, SteadyTime>& still);
  Status count();
  Result<bool> leads();

  Targets& targets_;
  Options options_;
  std::mutex mutex_;
  std::optional<SteadyTime> orphans_at_;
  std::map<std::string, SteadyTime> orphans_;  ///< "tenant/target/user" -> first seen
};

}  // namespace kw::secrets
