// What the verbs of a rotation change in a key's rows. Private to the room.
#pragma once

#include "keys/key_change.h"
#include "keys/readiness.h"
#include "rotation/rotatable.h"

namespace kw::keys {

/// Why a version was stopped or given up by a run.
inline constexpr std::string_view kByRotation = "rotation";

/// Which uses the end of a run ends.
Counted taken_away(const Key& key, rotation::OldVersion end);
/// The state that the old version ends in.
VersionState end_state(rotation::OldVersion end);

/// The verbs of one run on the key as it is in the transaction; one object per verb.
class KeyRunSteps {
 public:
  /// Borrows all three for the call.
  KeyRunSteps(Keyring& keyring, Change change, rotation::Run& run);

  Status create(const Prepared& prepared);  ///< pending; sets run.to_version
  Status install();                         ///< pending -> active
  Status tested();                          ///< a leaf
  Status set_rollout();                     ///< run.percent of the callers; 0: none any more
  /// @errors kFailedPrecondition(drift): another primary than the run knows
  Status promote();
  Status demote();
  Status stop_old();
  Status restore_old();
  /// @param unused  nothing was ever protected with the new version
  Status discard(bool unused);
  Status dispose(rotation::OldVersion end);

 private:
  Result<Key> key();
  Status hand_over(std::uint32_t from, std::uint32_t to);
  Status destroy_unborn(Key key);
  Status destroy_later(Key key, std::uint32_t number);
  Status leave(KeyChange& edit, std::uint32_t number, VersionState to);

  Keyring& keyring_;
  Change change_;
  rotation::Run& run_;
};

}  // namespace kw::keys
