// `keywright agent`: the command line of the agent.
#pragma once

namespace kw::agent {

/// Runs `agent --config FILE [--once]`, `agent check --config FILE` or `agent exec --config FILE --
/// PROGRAM …` to its end. @param argv  begins with "agent". @returns the exit code of
/// docs/guide/cli.md, or the program's own
int run(int argc, char** argv);

}  // namespace kw::agent
