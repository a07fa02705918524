// What the verbs of a rotation change in a secret's rows. Private to the room.
#pragma once

#include "rotation/rotatable.h"
#include "secrets/secret_change.h"

namespace kw::secrets {

/// Why a version was stopped or given up by a run.
inline constexpr std::string_view kByRotation = "rotation";

/// The verbs of one run on the secret as it is in the transaction; one object per verb.
class RunSteps {
 public:
  /// Borrows all three for the call.
  RunSteps(Secrets& secrets, Change change, rotation::Run& run);

  /// Pending; sets run.to_version.
  Status create(const Value& value, std::string_view origin, std::string_view principal,
                std::optional<WallTime> expires_at = {}, std::string_view note = {});
  Status install();      ///< pending -> active
  Status tested();       ///< a leaf
  Status set_rollout();  ///< run.percent of the consumers; 0: none any more
  /// @errors kFailedPrecondition(drift): another primary than the run knows
  Status promote();
  Status demote();
  Status stop_old();
  Status restore_old();
  Status revoked();  ///< the target refuses the old one: it is not handed out any more
  Status discard();
  Status dispose(rotation::OldVersion end, std::chrono::seconds destroy_wait);

 private:
  template <typename Body>
  Status with(const Body& body);
  Status hand_over(std::uint32_t from, std::uint32_t to);

  Secrets& secrets_;
  Change change_;
  rotation::Run& run_;
};

}  // namespace kw::secrets
