// What the approvers of a run see and what their approval binds: who, from where, to what, under
// which rules. Pure.
#pragma once

#include <string>

#include "rotation/run.h"

namespace kw::rotation {

/// Hex SHA-256 over subject, type, from_version, algorithm and policy of a planned run.
std::string plan_hash(const Run& run);
/// The same with policy_json(run.policy) at hand.
std::string plan_hash(const Run& run, std::string_view policy_text);

}  // namespace kw::rotation
