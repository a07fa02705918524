// After a crash: counts again what the access log proves and the usage ledger does not hold yet.
#pragma once

#include "service/gate.h"

namespace kw::service {

/// Counts the uses recorded in this node's access log from the ledger's mark up to `end`. May count
/// some twice, misses none. Call once, unsealed, before the first flush. @errors
/// kDataLoss(bad_record): a record that is not ours
Status replay_usage(House& house, std::uint64_t end);

}  // namespace kw::service
