// `keywright server`: reads its flags, starts the server, says what a person needs to know, and
// waits.
#pragma once

namespace kw::app {

/// @returns the process's exit code (spec: exit codes by class, docs/guide/cli.md).
int serve(int argc, char** argv);

}  // namespace kw::app
