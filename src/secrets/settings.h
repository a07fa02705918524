// Settings of a target or an account: names and text, as people write them, checked against the
// rules that a connector gives. Never secret: secrets have a place of their own.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kw::secrets {

using Settings = std::map<std::string, std::string, std::less<>>;

/// One setting that a connector knows. Help, documents and checks read it. Views live as long as
/// the program.
struct SettingRule {
  std::string_view name;     ///< [a-z][a-z0-9_]*
  std::string_view meaning;  ///< one line for people, with unit and range
  bool required = false;
  std::string_view otherwise;  ///< what holds when it is missing; "" for none
};

/// Every name is known, every required one is there and not empty, no value is longer than 4,096
/// bytes or holds a control character.
/// @errors kInvalidArgument(unknown_setting | missing_setting | bad_setting): names the setting,
///   never its value
Status check_settings(const Settings& settings, std::span<const SettingRule> rules);
/// The value, or what the rule says otherwise, or "".
std::string_view setting(const Settings& settings, std::span<const SettingRule> rules,
                         std::string_view name);

}  // namespace kw::secrets
