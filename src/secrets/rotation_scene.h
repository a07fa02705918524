// What a verb of a rotation acts on: the secret as it is now, its two versions as credentials, its
// place. Private to the room.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "rotation/rotatable.h"
#include "secrets/target.h"

namespace kw::secrets {

/// Read afresh for each verb, outside of transactions.
struct Scene {
  Secret secret;
  std::optional<Binding> binding;        ///< nothing: it lives in our store alone
  std::optional<Credential> old, fresh;  ///< of run.from_version and run.to_version
  std::vector<Credential> admins;        ///< most likely first; empty: the credential itself

  Capabilities can() const { return binding->connector->describe(binding->place(nullptr)); }
  /// One credential works at a time: installing the new one replaces the old one.
  bool swaps() const;
};

/// @errors kNotFound(not_found), kDataLoss(…), kFailedPrecondition(no_credential |
/// unknown_connector)
Result<Scene> scene_of(Targets& targets, const rotation::Run& run);
/// The context of one call.
Context call_of(const rotation::Run& run);

/// Runs `verb` as the administrator: one version of the admin secret after the other while the
/// target refuses the admin itself. Without one the credentials do it themselves.
Answer as_admin(const Scene& scene, const std::function<Answer(const Place&)>& verb);
/// What the engine hears.
rotation::Performed performed(const Answer& answer);
/// What another try may cure is unknown; the rest is definite.
rotation::Performed failed(const Error& failure);

}  // namespace kw::secrets
