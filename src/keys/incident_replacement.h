// New versions for an incident: emergency runs, but for keys that got their replacement in the
// transaction of the revocation.
#pragma once

#include "keys/incident_compromise.h"
#include "rotation/incident_runs.h"

namespace kw::keys {

/// Thread-safe. Borrows everything.
class IncidentReplacement final : public rotation::Replacement {
 public:
  IncidentReplacement(IncidentGround ground, rotation::Runs& runs)
      : on_(ground), runs_(runs, ground.clock) {}
  /// When the old versions are dead and another one is primary: no run, but the text
  /// "with-the-revocation:<kind>:<tenant>/<name>@<version>", which look() reads.
  Result<std::optional<std::string>> start(rotation::Change change,
                                           const rotation::Subject& subject,
                                           const rotation::ReplaceOrder& order) override;
  Result<rotation::ReplaceState> look(store::Reader& reader, const std::string& run) override;

 private:
  Result<std::uint32_t> primary_of(store::Reader& reader, const rotation::Subject& subject);

  IncidentGround on_;
  rotation::RunReplacement runs_;
};

}  // namespace kw::keys
