// Whose ciphertexts a place holds, and what it is called. Plain values.
#pragma once

#include <string>

#include "base/id.h"

namespace kw::connectors {

/// Whose ciphertexts and what the place is called.
struct PlaceNames {
  std::string tenant, place;
  KeyId key;
};

}  // namespace kw::connectors
