// The engines there are, by URL scheme.
#pragma once

#include <memory>
#include <string>

#include "store/session.h"

namespace kw::store::engines {

#define STORE_ENGINE(scheme, engine) \
  Result<std::unique_ptr<Engine>> make_##engine(const std::string& url);
#include "store/engines/catalog.def"
#undef STORE_ENGINE

/// The engine for the scheme of `url`. @errors kInvalidArgument(bad_store_url)
Result<std::unique_ptr<Engine>> make(const std::string& url);

}  // namespace kw::store::engines
