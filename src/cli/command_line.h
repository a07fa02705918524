// The command line: keywright NOUN VERB [REF] [--flags].
#pragma once

namespace kw::cli {

/// Runs one command. @returns an exit code of exit_code.h.
int run(int argc, char** argv);

}  // namespace kw::cli
