// The connectors that there are, for the wiring of the program.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "connectors/program_run.h"
#include "net/egress.h"
#include "secrets/connector.h"

namespace kw::connectors {

/// A program that the server's configuration lets connectors start.
struct DeclaredProgram {
  std::string path;                    ///< absolute; never a shell's search
  std::vector<std::string> arguments;  ///< those behind its name; never secret
};

/// What connectors get from the server's configuration; each reads what concerns it.
struct ConnectorOptions {
  /// Folders below which credentials may be written into files: absolute paths.
  std::vector<std::string> file_roots;
  /// By the name that targets use.
  std::map<std::string, DeclaredProgram, std::less<>> programs;
  /// Who starts them: run_program, or a ProgramRunner where the process itself may not.
  std::function<Result<ProgramEnd>(const ProgramCall&)> run = run_program;
  /// For folders that are gone after a call; empty: the system's folder for them.
  std::string scratch;
  /// Where calls of third parties may go.
  net::EgressRules egress;
};

/// One of each line of catalog.def, in its order.
secrets::Connectors make_connectors(const ConnectorOptions& options);

}  // namespace kw::connectors
