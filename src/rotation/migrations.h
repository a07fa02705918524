// The schema of the room `rotation`.
#pragma once

#include <span>

#include "store/store.h"

namespace kw::rotation {

std::span<const store::Migration> migrations();

}  // namespace kw::rotation
