#include "secrets/settings.h"

#include <algorithm>

namespace kw::secrets {
namespace {

constexpr std::size_t kValueBytesMax = 4096;

bool printable(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

Error bad(const char* reason, const std::string& what) {
  return error(Code::kInvalidArgument, reason, what);
}

}  // namespace

Status check_settings(const Settings& settings, std::span<const SettingRule> rules) {
  for (const auto& [name, value] : settings) {
    const bool known =
        std::any_of(rules.begin(), rules.end(),
                    [&wanted = name](const SettingRule& rule) { return rule.name == wanted; });
    if (!known) return bad("unknown_setting", "there is no setting \"" + name + "\" here");
    if (value.size() > kValueBytesMax || !printable(value))
      return bad("bad_setting", "setting \"" + name + "\" is too long or not printable");
  }
  for (const SettingRule& rule : rules) {
    if (!rule.required) continue;
    const auto found = settings.find(rule.name);
    if (found == settings.end() || found->second.empty())
      return bad("missing_setting", "setting \"" + std::string(rule.name) +
                                        "\" is needed: " + std::string(rule.meaning));
  }
  return ok();
}

std::string_view setting(const Settings& settings, std::span<const SettingRule> rules,
                         std::string_view name) {
  const auto found = settings.find(name);
  if (found != settings.end()) return found->second;
  for (const SettingRule& rule : rules)
    if (rule.name == name) return rule.otherwise;
  return {};
}

}  // namespace kw::secrets
