// How users of leases are named at a target. Private to the room.
#pragma once

#include <string>
#include <string_view>

#include "seal/barrier.h"
#include "secrets/lease.h"

namespace kw::secrets {

/// So long an issue may take before its row counts as left behind.
inline constexpr Seconds kIssueTime{120};

/// "kw_" and 10 hex digits that no other installation, tenant or role has, and "_".
/// @errors kUnavailable(sealed)
Result<std::string> lease_prefix(seal::Barrier& barrier, std::string_view tenant,
                                 std::string_view role);

}  // namespace kw::secrets
