// A server on this machine that reads a file again when it is told to.
#pragma once

#include <functional>

#include "connectors/credential_file.h"

namespace kw::connectors {

/// Sends SIGHUP to the process that `pid_file` names, and only to a process of that program.
/// @errors kUnavailable(server_not_running): no such file or process, or another program has the
///   number by now; kFailedPrecondition(cannot_signal): this process may not
Status reload_server(const CredentialFileTerms& pid_file, std::string_view program);

/// Asks `probe` until it says `wanted` (a login: kUnauthenticated is a refusal), since a reload
/// takes its time. @errors kDeadlineExceeded(not_taken_over): it never did; those of the probe
Status await_login(const std::function<Status()>& probe, bool wanted, SteadyTime deadline);

}  // namespace kw::connectors
