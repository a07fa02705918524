// The values of a primary key as one line of text and back: a JSON array of strings. What cursors
// hold; one text for each list. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kw::connectors {

std::string key_text(const std::vector<std::string>& values);
/// @errors kDataLoss(bad_cursor): not the text of `count` values
Result<std::vector<std::string>> key_values(std::string_view text, std::size_t count);
/// What people are shown: the value alone when it is one, else the text.
std::string key_name(const std::vector<std::string>& values);

}  // namespace kw::connectors
