// What will rotate in the next days, and why.
#pragma once

#include "rotation/calendar.h"
#include "service/gate.h"

namespace kw::service {

/// Of the call's tenant, or of all ("").
/// @param days  1 to 400. @errors kResourceExhausted(inventory_too_large | calendar_too_large)
Result<rotation::Calendar> rotation_calendar(House& house, Call& call, int days);

}  // namespace kw::service
