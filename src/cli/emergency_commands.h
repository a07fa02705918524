// The commands of graph, incidents and ceremonies.
#pragma once

#include <vector>

#include "cli/command.h"

namespace kw::cli {

/// How -o dot reaches `graph show`: a form of output that no other command has.
inline constexpr std::string_view kDotFlag = "-o dot";

void add_graph_commands(std::vector<Command>& commands);
void add_incident_commands(std::vector<Command>& commands);
void add_ceremony_commands(std::vector<Command>& commands);

}  // namespace kw::cli
