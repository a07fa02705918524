// The tree behind YamlView, and the reader that builds it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/yaml.h"

namespace kw::codec {

/// Counted from 1; 0 when unknown.
struct YamlPlace {
  int line = 0;
  int column = 0;
};

struct YamlView::Node {
  Kind kind = Kind::kNull;
  bool quoted = false;
  YamlPlace place;
  YamlPlace name_place;  ///< of a member's name
  std::string name;      ///< of a member
  std::string text;      ///< of a scalar
  std::vector<Node> children;
  std::shared_ptr<const std::string> file;
};

/// "file:line:column"
std::string yaml_where(std::string_view file, YamlPlace place);

/// @errors as YamlDocument::parse
Result<std::unique_ptr<YamlView::Node>> read_yaml(std::string_view text,
                                                  std::string_view file_name);

}  // namespace kw::codec
