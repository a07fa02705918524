// How roles and leases lie in the store. Private to the room.
#pragma once

#include "secrets/lease.h"
#include "secrets/rows.h"

namespace kw::secrets::rows {

Result<std::optional<LeaseRole>> find_role(Source source, std::int64_t tenant,
                                           std::string_view name);
Result<std::vector<LeaseRole>> list_roles(Source source, std::int64_t tenant);
/// Of all tenants: for the worker. At most 10,000.
Result<std::vector<LeaseRole>> all_roles(Source source);
/// Inserts, or writes over the row with this epoch. @errors kAborted(stale_epoch)
Status write_role(Sink sink, LeaseRole& role);
Status remove_role(store::Tx& tx, const LeaseRole& role);

inline constexpr std::string_view kLeaseColumns =
    "id, tenant, tenant_name, role, target, settings, principal, caller, state, issued_at, "
    "expires_at, last_at, cell, attempts, next_at, problem, epoch, mac";
Result<Lease> lease_of(seal::Barrier& barrier, const store::Row& row);
Result<std::optional<Lease>> find_lease(Source source, const LeaseId& id);
Status insert_lease(Sink sink, const Lease& lease);
/// With the epoch raised by one. @errors kAborted(stale_epoch)
Status update_lease(Sink sink, Lease& lease);

}  // namespace kw::secrets::rows
