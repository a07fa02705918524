// The clock's high-water mark as the store keeps it: an earlier process's time cannot come back.
// Inside the room only.
#pragma once

#include "auth/held_clock.h"
#include "seal/barrier.h"
#include "store/store.h"

namespace kw::auth {

/// Raises `clock` to the stored mark. @errors kDataLoss(row_tampered)
Status raise_to_stored(store::Reader& reader, seal::Barrier& barrier, HeldClock& clock);
/// Stores clock.lasting() if it is the highest.
Status store_high_water(store::Tx& tx, seal::Barrier& barrier, const HeldClock& clock);

}  // namespace kw::auth
