// Keys and tenant KEKs as suspects of an incident: finding, marking, revoking them, and the proof
// that nobody uses them any more.
//
// A key is "key:<tenant>/<name>". The KEK of a tenant is "kek:<tenant>/kek"; one of its versions
// cannot be refused while anything lies under it, so revoking it starts the rotation, and it counts
// as refused when the census found nothing under it and it was retired.
#pragma once

#include "keys/kek_rotation.h"
#include "keys/keyring.h"
#include "keys/revocation_barrier.h"
#include "keys/usage.h"
#include "rotation/incident_ports.h"

namespace kw::keys {

/// What the ports of incidents stand on. Outlives them.
struct IncidentGround {
  store::Store& store;
  seal::Barrier& barrier;
  audit::ChangeLog& log;
  const Clock& clock;
  Keyring& keyring;
  UsageLedger& usage;
  KekRotations& kek_rotations;
};

inline constexpr std::string_view kKeyKind = "key";
inline constexpr std::string_view kKekKind = "kek";
inline constexpr std::string_view kKekName = "kek";  ///< a tenant has one KEK

/// "kek:<tenant>/kek"
rotation::Subject kek_subject(std::string_view tenant);
/// Hex, one-way: the digest of the public half, or a keyed digest of which version of which key
/// this is. Never of secret material.
Result<std::string> version_fingerprint(seal::Barrier& barrier, const Key& key,
                                        const Version& version);

/// Thread-safe. Borrows everything.
class IncidentCompromise final : public rotation::Compromise {
 public:
  IncidentCompromise(IncidentGround ground, RevocationBarrier& revocations)
      : on_(ground), revocations_(revocations) {}

  Result<std::vector<rotation::Subject>> suspects(const rotation::Scope& scope,
                                                  WallTime since) override;
  Result<std::vector<rotation::VersionFacts>> versions(const rotation::Subject& subject) override;
  /// @audit a leaf without a transition at the version, kind "key-version" or "kek"
  Status mark(rotation::Change change, const rotation::Subject& subject, std::uint32_t version,
              WallTime compromised_at) override;
  Status clear(rotation::Change change, const rotation::Subject& subject,
               std::uint32_t version) override;
  /// Where an outage was accepted, the primary gets its replacement in the same transaction all the
  /// same, unless its algorithm is slow to generate (RSA). A destruction that waits is cancelled
  /// first: it could be cancelled later, and the version would work again.
  Status revoke(rotation::Change change, const rotation::Subject& subject, std::uint32_t version,
                const rotation::RevokeOrder& order) override;
  Result<rotation::Refusal> await_refusal(const rotation::Subject& subject,
                                          std::uint32_t version) override;

 private:
  Result<rotation::Subject> known(std::string_view name);
  Status add_tenant(std::string_view tenant, std::vector<rotation::Subject>& all);
  Status add_used_by(std::string_view caller, WallTime since,
                     std::vector<rotation::Subject>& all);
  Result<std::vector<rotation::VersionFacts>> kek_versions(const rotation::Subject& subject);
  Status mark_key(rotation::Change change, const rotation::Subject& subject, std::uint32_t version,
                  std::optional<WallTime> since);
  Status leaf_about_kek(rotation::Change change, const rotation::Subject& subject,
                        std::uint32_t version, std::string_view note);
  Status revoke_kek(rotation::Change change, const rotation::Subject& subject,
                    std::uint32_t version);
  Result<bool> kek_retired(const rotation::Subject& subject, std::uint32_t version,
                           std::int64_t& number);

  IncidentGround on_;
  RevocationBarrier& revocations_;
};

}  // namespace kw::keys
