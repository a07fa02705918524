// Reads a YAML map by a table of its settings.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/yaml.h"

namespace kw::agent {

using codec::YamlView;

inline Error invalid(const YamlView& at, const std::string& what) {
  return error(Code::kInvalidArgument, "config_invalid", at.where() + " " + what);
}

/// How many letters must change; to name the setting that was meant.
std::size_t letters_apart(std::string_view a, std::string_view b);

template <typename Target>
struct Setting {
  std::string name;
  std::function<Status(const YamlView&, Target&)> read;
  std::vector<std::string> inner;  ///< names below it
};

/// The settings of one map. The first unknown one is an error that names the nearest known.
template <typename Target>
class Section {
 public:
  Section(std::initializer_list<Setting<Target>> settings) : settings_(settings) {}

  Status read(const YamlView& map, Target& target) const {
    if (map.kind() != YamlView::Kind::kMap) return invalid(map, "must be a map of settings");
    for (const auto& [name, value] : map.members()) {
      const Setting<Target>* found = find(name);
      if (found == nullptr)
        return error(Code::kInvalidArgument, "config_invalid",
                     value.where_name() + " unknown setting \"" + name + "\"; nearest is \"" +
                         nearest(name) + "\"");
      KW_OK(found->read(value, target));
    }
    return ok();
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Setting<Target>& each : settings_) {
      if (each.inner.empty()) all.push_back(each.name);
      for (const std::string& inner : each.inner) all.push_back(each.name + "." + inner);
    }
    return all;
  }

 private:
  const Setting<Target>* find(std::string_view name) const {
    for (const Setting<Target>& each : settings_)
      if (each.name == name) return &each;
    return nullptr;
  }
  std::string nearest(std::string_view name) const {
    return std::min_element(settings_.begin(), settings_.end(),
                            [&](const auto& a, const auto& b) {
                              return letters_apart(a.name, name) < letters_apart(b.name, name);
                            })
        ->name;
  }
  std::vector<Setting<Target>> settings_;
};

template <typename Target>
Setting<Target> text_setting(std::string name, std::string Target::*member) {
  return {std::move(name),
          [member](const YamlView& at, Target& target) -> Status {
            KW_TRY(target.*member, at.text());
            return ok();
          },
          {}};
}

/// A file or folder: absolute.
template <typename Target>
Setting<Target> path_setting(std::string name, std::string Target::*member) {
  return {std::move(name),
          [member](const YamlView& at, Target& target) -> Status {
            KW_TRY(target.*member, at.text());
            if (!(target.*member).starts_with('/')) return invalid(at, "must be an absolute path");
            return ok();
          },
          {}};
}

/// "90s", "15m" …; the unit of the member does not matter.
template <typename Target, typename Duration>
Setting<Target> duration_setting(std::string name, Duration Target::*member, std::int64_t low,
                                 std::int64_t high) {
  return {std::move(name),
          [=](const YamlView& at, Target& target) -> Status {
            KW_TRY(const std::int64_t seconds, at.seconds());
            if (seconds < low || seconds > high)
              return invalid(
                  at, "must be from " + std::to_string(low) + "s to " + std::to_string(high) + "s");
            target.*member = std::chrono::seconds(seconds);
            return ok();
          },
          {}};
}

template <typename Target, typename Inner>
Setting<Target> section_setting(std::string name, Inner Target::*member,
                                const Section<Inner>& section) {
  return {std::move(name),
          [member, section](const YamlView& at, Target& target) {
            return section.read(at, target.*member);
          },
          section.names()};
}

/// A list of maps.
template <typename Target, typename Inner>
Setting<Target> list_setting(std::string name, std::vector<Inner> Target::*member,
                             const Section<Inner>& section,
                             std::function<Status(const YamlView&, const Inner&)> check) {
  return {std::move(name),
          [=](const YamlView& at, Target& target) -> Status {
            if (at.kind() != YamlView::Kind::kSequence) return invalid(at, "must be a list");
            for (const YamlView& element : at.elements()) {
              Inner inner;
              KW_OK(section.read(element, inner));
              KW_OK(check(element, inner));
              (target.*member).push_back(std::move(inner));
            }
            return ok();
          },
          section.names()};
}

}  // namespace kw::agent
