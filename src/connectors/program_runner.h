// Starts declared programs for a server that has given up starting any: a process of its own,
// forked before the server confines itself and before it holds a secret. Whoever takes the server
// over can start the declared programs and nothing else.
#pragma once

#include <memory>
#include <vector>

#include "connectors/make_connectors.h"
#include "connectors/program_run.h"

namespace kw::connectors {

/// Ends with its object, and with the thread that started it. run() is thread-safe.
class ProgramRunner {
 public:
  /// Forks: call it before the first thread.
  /// @errors kUnavailable(no_runner)
  static Result<std::unique_ptr<ProgramRunner>> start(const std::vector<DeclaredProgram>& programs);
  ~ProgramRunner();
  ProgramRunner(const ProgramRunner&) = delete;
  ProgramRunner& operator=(const ProgramRunner&) = delete;

  /// As run_program, for a declared path with its declared arguments first.
  /// @errors as run_program; kPermissionDenied(program_not_declared); kUnavailable(no_runner)
  Result<ProgramEnd> run(const ProgramCall& call) const;

 private:
  ProgramRunner(int control, int child) : control_(control), child_(child) {}
  int control_;
  int child_;
};

}  // namespace kw::connectors
