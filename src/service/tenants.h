// Tenants and their KEKs.
#pragma once

#include <vector>

#include "service/gate.h"

namespace kw::service {

/// @errors kAlreadyExists(already_exists), kInvalidArgument(bad_name). @audit tenant.create
Result<keys::Tenant> create_tenant(House& house, Call& call, const TenantName& name,
                                   const Wording<keys::Tenant>& wording = {});
Result<std::vector<keys::Tenant>> list_tenants(House& house, Call& call, std::string_view after,
                                               int limit);
Result<keys::Tenant> show_tenant(House& house, Call& call);

Result<std::vector<seal::KekVersion>> list_keks(House& house, Call& call);
/// Starts the rotation, or returns the one that runs. The new KEK is primary when this returns.
/// @audit kek.rotate
Result<keys::Job> rotate_kek(House& house, Call& call, const Wording<keys::Job>& wording = {});

}  // namespace kw::service
