// Which tiles a copy of the change log needs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kw::audit {

/// The paths of every hash tile and entry bundle below the tree that `checkpoint_note` signs,
/// partial ones last in their level. @errors kInvalidArgument(bad_note). @source C2SP tlog-tiles.
Result<std::vector<std::string>> tile_paths(std::string_view checkpoint_note);

}  // namespace kw::audit
