// What an incident lets its own re-encryption job do and nobody else may: open what was encrypted
// under versions that are revoked by now, to put it under the version that took their place.
//
// Table key_reencryption_grant: one row per job under a MAC, written in the transaction that starts
// the job, with a leaf. There is no other way to get a grant than to load a job's row.
#pragma once

#include <optional>
#include <vector>

#include "keys/keyring.h"
#include "rotation/incident_ports.h"

namespace kw::keys {

/// So long a job may take; what is left then stays unreadable until another incident grants it.
inline constexpr std::chrono::hours kGrantLife{72};

class ReencryptionGrant {
 public:
  /// The job's, or nothing. @errors kDataLoss(row_tampered), kUnavailable(sealed)
  static Result<std::optional<ReencryptionGrant>> load(Keyring& keyring, const JobId& job);

  bool over(WallTime now) const { return now >= until_; }
  bool covers(const KeyId& key, std::uint32_t version, WallTime now) const;

 private:
  ReencryptionGrant() = default;
  KeyId key_;
  std::vector<std::uint32_t> versions_;
  WallTime until_;
};

/// Lets `job` open these versions of the key while they are revoked, for kGrantLife from now.
/// @errors kNotFound(not_found) @audit key.grant
Status grant_reencryption(Keyring& keyring, Change change, const rotation::Subject& subject,
                          const rotation::Versions& versions, const JobId& job);

}  // namespace kw::keys
