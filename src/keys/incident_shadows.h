// Stand-ins for drills: keys of their own in the tenant `drill`, with the algorithm and purpose of
// what they stand for. A tenant's KEK is stood for by the KEK of that tenant.
#pragma once

#include "keys/incident_compromise.h"
#include "rotation/runs.h"

namespace kw::keys {

/// Thread-safe. Borrows everything.
class IncidentShadows final : public rotation::Shadows {
 public:
  IncidentShadows(IncidentGround ground, rotation::Runs& runs) : on_(ground), runs_(runs) {}

  /// True for what make() answers: nobody but the drill uses it.
  static bool is_shadow(const rotation::Subject& subject);
  /// @audit the life of a key in the tenant `drill`
  Result<rotation::Subject> make(const audit::Event& by, std::string_view incident,
                                 const rotation::Subject& subject) override;
  /// @errors kUnavailable(shadow_busy): a run of one of them has not ended; try again
  Status remove(const audit::Event& by, std::string_view incident) override;

 private:
  Status make_tenant(const audit::Event& by);
  Status remove_page(const audit::Event& by, const std::vector<std::shared_ptr<const Key>>& page);

  IncidentGround on_;
  rotation::Runs& runs_;
};

}  // namespace kw::keys
