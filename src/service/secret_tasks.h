// Tasks of people: secrets that are renewed by hand, whose rotation waits for the new value.
#pragma once

#include <string>
#include <vector>

#include "secrets/manual.h"
#include "service/gate.h"

namespace kw::service {

struct SecretTask {
  secrets::Secret secret;
  rotation::Run run;
  rotation::ManualTask task;
};
/// Those of the call's tenant, the one that is due first first; at most 1,000.
/// @param path  "": all; else the one of this secret, if there is one
Result<std::vector<SecretTask>> list_secret_tasks(House& house, Call& call, std::string_view path);

/// The person gives the new value; the run goes on. The value is never shown again but to readers.
/// @errors as authorise and secrets::give_by_hand; kNotFound(not_found).
/// @audit secret.complete-task, run.give
Result<rotation::Run> complete_secret_task(House& house, Call& call,
                                           const secrets::GivenByHand& given,
                                           const Wording<rotation::Run>& wording);

}  // namespace kw::service
