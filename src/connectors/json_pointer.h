// Where something is in a JSON value. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/json.h"

namespace kw::connectors {

/// "" is the whole; else "/name/0/…" with ~0 for '~' and ~1 for '/'. Source: RFC 6901.
/// @errors kInvalidArgument(bad_setting)
Status check_json_pointer(std::string_view pointer);
/// Nothing when there is nothing.
std::optional<codec::JsonView> at_json_pointer(codec::JsonView value, std::string_view pointer);
/// A string as it is, a whole number as its digits; nothing else is a text.
std::optional<std::string> text_at(codec::JsonView value, std::string_view pointer);

}  // namespace kw::connectors
