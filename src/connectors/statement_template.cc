#include "connectors/statement_template.h"

namespace kw::connectors {

std::string fill_statements(std::string_view statements, std::string_view quoted) {
  constexpr std::string_view kHole = "{{name}}";
  std::string text;
  for (;;) {
    const std::size_t hole = statements.find(kHole);
    text += statements.substr(0, hole);
    if (hole == std::string_view::npos) return text;
    text += quoted;
    statements.remove_prefix(hole + kHole.size());
  }
}

}  // namespace kw::connectors
