// keywright: one binary that is server, agent and command line.
#include <cstring>

#include "agent/command.h"
#include "app/serve.h"
#include "cli/command_line.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "server") == 0) return kw::app::serve(argc - 1, argv + 1);
  if (argc > 1 && std::strcmp(argv[1], "agent") == 0) return kw::agent::run(argc - 1, argv + 1);
  return kw::cli::run(argc, argv);
}
