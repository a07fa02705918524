// The facts about tenants, keys and versions, as read from the store: plain values. The Keyring
// shares immutable snapshots of them between threads. Nothing here is secret but Prepared.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/name.h"
#include "crypto/algorithm.h"
#include "crypto/key.h"
#include "keys/state.h"

namespace kw::keys {

struct Tenant {
  std::int64_t number = 0;  ///< 0 is `system`
  std::string name;
  WallTime created_at;
  std::int64_t epoch = 0;
};

enum class Classification : std::uint8_t { kPublic, kInternal, kConfidential, kRestricted };
/// "public", "internal", "confidential" or "restricted".
std::string_view classification_name(Classification classification);
/// @errors kInvalidArgument(unknown_classification)
Result<Classification> parse_classification(std::string_view name);

struct Version {
  std::uint32_t number = 0;
  crypto::Algorithm algorithm = crypto::Algorithm::kAes256Gcm;
  VersionState state = VersionState::kPending;
  VersionState state_before = VersionState::kPending;  ///< held before suspended or destroying
  /// While destroying from suspended: the state held before the suspension, which a later restore
  /// must not exceed.
  VersionState suspended_from = VersionState::kPending;
  std::int64_t cell = 0;  ///< sealed_cell id; 0 once destroyed
  Bytes public_key;       ///< SubjectPublicKeyInfo DER
  std::string origin;     ///< "generated" or "imported"
  WallTime created_at;
  std::optional<WallTime> promoted_at, demoted_at, destroy_after, compromised_at;
  std::string reason;      ///< of a suspension, revocation or destruction: a stable word
  std::int64_t epoch = 0;  ///< compare-and-swap counter
};

/// While a rotation tries its new version: so many percent of the callers protect with it. At 0
/// percent nobody does, but somebody may have.
struct Rollout {
  std::uint32_t version = 0;  ///< 0: no rollout
  int percent = 0;            ///< 0 to 99
  Bytes salt;                 ///< 16 bytes; says whose turn it is
  bool open() const { return percent > 0; }
};

/// A key with all its versions, oldest first. Row MACs were checked when it was read.
struct Key {
  KeyId id;
  std::int64_t tenant = 0;
  std::string tenant_name;
  std::string name;
  crypto::Purpose purpose = crypto::Purpose::kEncrypt;
  bool exportable = false;
  std::string owner;
  Classification classification = Classification::kInternal;
  std::vector<std::string> regions;
  std::map<std::string, std::string> labels;
  /// How long after its demotion a secondary may still protect when named; 0 to 90 d.
  std::chrono::seconds lease_grace{60};
  WallTime created_at;
  std::int64_t epoch = 0;
  std::uint32_t primary = 0;  ///< 0: none (all suspended or revoked)
  Rollout rollout;
  std::vector<Version> versions;

  const Version* version(std::uint32_t number) const;  ///< nullptr when there is none
  std::string etag() const;                            ///< "\"<epoch>\""
};

/// New material, made and proven outside any transaction (RSA takes seconds; the store has one
/// writer). Immutable once made; the secret half lives in the arena.
struct Prepared {
  crypto::Algorithm algorithm = crypto::Algorithm::kAes256Gcm;
  crypto::Material material;
  bool imported = false;
};
using PreparedPtr = std::shared_ptr<const Prepared>;

/// What a new key shall be. Owner: at most 128 bytes. At most 64 labels (names as object names,
/// values at most 256 bytes), 32 regions (`[a-z0-9-]{1,63}`). Text is UTF-8 without control
/// characters.
struct NewKey {
  ObjectName name;
  crypto::Purpose purpose = crypto::Purpose::kEncrypt;
  crypto::Algorithm algorithm = crypto::Algorithm::kAes256Gcm;
  bool exportable = false;
  std::string owner{};
  Classification classification = Classification::kInternal;
  std::vector<std::string> regions{};
  std::map<std::string, std::string> labels{};
  std::chrono::seconds lease_grace{60};  ///< 0 s to 90 d
  PreparedPtr prepared{};                ///< of `algorithm`; absent: made inside the transaction
};

}  // namespace kw::keys
