// Evidence files of incidents and ceremonies on the disk: written as they came, verified offline.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/session.h"

namespace kw::cli {

/// Writes the file at `path` to --out, or to standard output.
Status save_evidence(Session& session, const Arguments& arguments, const std::string& path,
                     const std::string& noun);
/// No server, no context. @param kind  "incident" or "ceremony"
/// @errors kDataLoss(proof_failed): printed already
Status verify_evidence_file(Session& session, const Arguments& arguments, const std::string& kind);

}  // namespace kw::cli
