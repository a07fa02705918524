// Names of principals that rotations make in foreign systems.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "secrets/connector.h"

namespace kw::connectors {

/// The rule of the account's setting that all connectors with principals share.
inline constexpr secrets::SettingRule kNameRule{
    "name", "base name; principals are this name with _a or _b behind it", true, ""};

/// Letters, digits, '_', '-', '.', beginning with a letter or '_', at most 56 characters: what no
/// dialect gives a meaning. Names that others made may be anything and are quoted.
/// @errors kInvalidArgument(bad_setting)
Status check_base_name(std::string_view name);

/// The one of <base>_a and <base>_b that no accepted version has: odd versions prefer _a.
/// @errors kFailedPrecondition(no_free_slot)
Result<std::string> alternate_name(std::string_view base, const secrets::Minting& minting);

}  // namespace kw::connectors
