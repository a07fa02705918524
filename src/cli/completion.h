// Shell completion from the command table.
#pragma once

#include <vector>

#include "cli/command.h"

namespace kw::cli {

/// `keywright completion bash|zsh|fish`: prints a script to source.
int show_completion(const std::vector<Command>& commands, int argc, char** argv);

}  // namespace kw::cli
