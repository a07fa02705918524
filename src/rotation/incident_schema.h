// The tables of graph, incidents and ceremonies: part of the room's schema.
#pragma once

#include <span>

#include "store/store.h"

namespace kw::rotation {

std::span<const store::Migration> incident_migrations();

}  // namespace kw::rotation
