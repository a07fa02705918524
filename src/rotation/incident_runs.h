// Emergency runs over Runs: the production Replacement. Thread-safe. Borrows runs and clock.
#pragma once

#include "rotation/incident_ports.h"
#include "rotation/runs.h"

namespace kw::rotation {

/// What an emergency run does: nobody approves (the incident was approved), no window, no soak, all
/// at once, no quarantine. The old version is kept for the incident to revoke, or retired.
/// @param left  until the incident's deadline.
EffectivePolicy emergency_policy(const ReplaceOrder& order, Seconds left);

class RunReplacement final : public Replacement {
 public:
  RunReplacement(Runs& runs, const Clock& clock) : runs_(runs), clock_(clock) {}
  /// A run of the subject that is no emergency is aborted or rolled back first; one beyond return
  /// is waited for.
  Result<std::optional<std::string>> start(Change change, const Subject& subject,
                                           const ReplaceOrder& order) override;
  Result<ReplaceState> look(store::Reader& reader, const std::string& run) override;

 private:
  Runs& runs_;
  const Clock& clock_;
};

}  // namespace kw::rotation
