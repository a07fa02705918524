// Operations on dynamic credentials.
#pragma once

#include "secrets/lease.h"
#include "service/gate.h"

namespace kw::service {

/// @audit lease-role.write, kind "lease-role"
Result<secrets::LeaseRole> put_lease_role(House& house, Call& call, const ObjectName& name,
                                          const secrets::LeaseRole& wanted,
                                          const Wording<secrets::LeaseRole>& wording);
Status remove_lease_role(House& house, Call& call, const Wording<Done>& wording);
Result<secrets::LeaseRole> show_lease_role(House& house, Call& call);
Result<std::vector<secrets::LeaseRole>> list_lease_roles(House& house, Call& call);

/// A user of the target, for the caller. @errors those of Leases::issue
Result<secrets::Leases::Issued> issue_lease(House& house, Call& call,
                                            std::optional<secrets::Seconds> ttl);
Result<std::vector<secrets::Lease>> list_leases(House& house, Call& call,
                                                const secrets::Leases::Filter& filter);
/// Of the call's tenant; a caller without a right to read leases sees and ends their own alone.
/// @errors kNotFound(not_found)
Result<secrets::Lease> renew_lease(House& house, Call& call, const secrets::LeaseId& id,
                                   std::optional<secrets::Seconds> ttl);
Result<secrets::Lease> revoke_lease(House& house, Call& call, const secrets::LeaseId& id);

}  // namespace kw::service
