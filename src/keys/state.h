// The states of key versions: those of everything that has versions (rotation/version_state.h).
#pragma once

#include "rotation/version_state.h"

namespace kw::keys {

using rotation::find_transition;
using rotation::kStateCount;
using rotation::parse_state;
using rotation::Permission;
using rotation::permission;
using rotation::state_name;
using rotation::Transition;
using rotation::transitions;
using rotation::VersionState;
using Use = rotation::VersionUse;

}  // namespace kw::keys
