// The room's tables. Released steps are never edited.
#pragma once

#include <span>

#include "store/store.h"

namespace kw::secrets {

std::span<const store::Migration> migrations();

}  // namespace kw::secrets
