// The order in which due runs get their turn: by rank, and within a rank the tenants share by
// weight, each tenant's oldest first. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rotation/run_rows.h"

namespace kw::rotation {

/// @param weights  1 when a tenant is not named; smaller values count as 1.
std::vector<DueRun> fair_order(std::vector<DueRun> due, const std::map<std::string, int>& weights);

}  // namespace kw::rotation
