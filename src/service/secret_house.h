// The secrets room as the operations see them: made once by `app`, part of the House.
#pragma once

#include "secrets/lease.h"
#include "secrets/secrets.h"
#include "secrets/target.h"
#include "secrets/usage.h"

namespace kw::service {

/// Does not own. Every reference outlives every operation.
struct SecretHouse {
  secrets::Secrets& secrets;
  secrets::ReadLedger& reads;
  secrets::Targets& targets;
  secrets::Leases& leases;
};

}  // namespace kw::service
