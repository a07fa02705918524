// Paths of files as text and back. File names are bytes; text of ours is UTF-8 without control
// characters, so other bytes and '%' become %XX. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kw::connectors {

/// One text for each path.
std::string path_text(std::string_view path);
/// @errors kDataLoss(bad_cursor): not what path_text makes of a relative path without . and ..
Result<std::string> path_of_text(std::string_view text);
/// The names between the slashes.
std::vector<std::string_view> path_names(std::string_view path);

}  // namespace kw::connectors
