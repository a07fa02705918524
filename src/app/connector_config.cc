#include "app/connector_config.h"

#include <filesystem>

namespace kw::app {

namespace {

using codec::YamlView;
using connectors::ConnectorOptions;
using connectors::DeclaredProgram;

Error invalid(const YamlView& at, const std::string& what) {
  return error(Code::kInvalidArgument, "config_invalid", at.where() + " " + what);
}

// As it is meant: absolute, and the same however it is read.
Result<std::string> read_path(const YamlView& at) {
  KW_TRY(std::string path, at.text());
  const std::filesystem::path read(path);
  if (!read.is_absolute() || read.lexically_normal() != read)
    return invalid(at, "must be an absolute path without . and ..");
  return path;
}

Result<std::vector<std::string>> read_texts(const YamlView& list) {
  if (list.kind() != YamlView::Kind::kSequence) return invalid(list, "must be a list");
  std::vector<std::string> all;
  for (const YamlView& each : list.elements()) {
    KW_TRY(std::string text, each.text());
    all.push_back(std::move(text));
  }
  return all;
}

Result<DeclaredProgram> read_program(const YamlView& map) {
  DeclaredProgram program;
  for (const auto& [name, value] : map.members()) {
    if (name == "path") {
      KW_TRY(program.path, read_path(value));
    } else if (name == "arguments") {
      KW_TRY(program.arguments, read_texts(value));
    } else {
      return invalid(value, "a program has path and arguments, not \"" + name + "\"");
    }
  }
  if (program.path.empty()) return invalid(map, "a program needs its path");
  return program;
}

Status read_egress(const YamlView& map, net::EgressRules& rules) {
  for (const auto& [name, value] : map.members()) {
    if (name == "loopback") {
      KW_TRY(rules.loopback, value.boolean());
    } else if (name == "allow") {
      KW_TRY(const auto ranges, read_texts(value));
      for (const std::string& text : ranges) {
        auto range = net::AddressRange::parse(text);
        if (!range) return invalid(value, "\"" + text + "\": " + range.error().message);
        rules.allowed.push_back(*range);
      }
    } else {
      return invalid(value, "egress has loopback and allow, not \"" + name + "\"");
    }
  }
  return ok();
}

Status read_one(const std::string& name, const YamlView& value, ConnectorOptions& options) {
  if (name == "egress") return read_egress(value, options.egress);
  if (name == "programs") {
    for (const auto& [program, settings] : value.members()) {
      KW_TRY(options.programs[program], read_program(settings));
    }
    return ok();
  }
  if (name != "file_roots")
    return invalid(value, "connectors has file_roots, programs and egress, not \"" + name + "\"");
  if (value.kind() != YamlView::Kind::kSequence) return invalid(value, "must be a list");
  for (const YamlView& each : value.elements()) {
    KW_TRY(std::string path, read_path(each));
    options.file_roots.push_back(std::move(path));
  }
  return ok();
}

}  // namespace

Result<ConnectorOptions> read_connectors(const YamlView& map) {
  if (map.kind() != YamlView::Kind::kMap) return invalid(map, "must be a map of settings");
  ConnectorOptions options;
  for (const auto& [name, value] : map.members()) KW_OK(read_one(name, value, options));
  return options;
}

}  // namespace kw::app
