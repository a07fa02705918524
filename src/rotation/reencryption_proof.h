// Proof that nothing refers to a key version any more: what `destroy` asks for. Eight points, each
// shown or missing; an estimate or a silence shows nothing. Plain values, pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "rotation/policy.h"
#include "rotation/reencryption.h"

namespace kw::rotation {

/// In the order of the specification (rotation, 5.5).
enum class ProofPoint : std::uint8_t {
  kWriteFence,   ///< every processor acknowledged: nobody applies the version any more
  kCensus,       ///< zero items in every registered place, twice, exact, after the fence
  kQuietMeter,   ///< no decryption or verification for so long
  kNoSightings,  ///< every decryption named a registered place
  kBackups,      ///< retention over, or the wrapped key is in escrow under a live KEK
  kSweep,        ///< a search of dumps and folders for the version's header found nothing
  kQuarantine,   ///< the version was disabled for so long and nobody missed it
  kApproval,     ///< two people, a delay, cancelable
};
inline constexpr std::size_t kProofPoints = 8;
std::string_view proof_point_name(ProofPoint point);  ///< "write_fence" … "approval"

/// What is known. Absent facts are not evidence.
struct ReferenceFacts {
  std::uint32_t version = 0;
  std::optional<WallTime> fenced_at;       ///< the last processor's acknowledgement
  std::vector<std::string> places;         ///< all that are registered for the key
  std::vector<Reference> references;       ///< of this key, as counted by jobs
  Seconds transaction_age_max{0};          ///< least time between both counts
  std::optional<WallTime> meter_since;     ///< the usage meter covers the time from here on
  std::optional<WallTime> last_processed;  ///< last decryption or verification with the version
  Seconds quiet{30 * 24 * 3600};           ///< 0 when shredding
  std::optional<std::int64_t> unregistered_sightings;
  std::optional<WallTime> backups_until;  ///< when the last backup that refers to it lapses
  bool escrowed = false;                  ///< the wrapped key is kept under a live KEK
  std::optional<WallTime> swept_at;       ///< the last clean sweep
  std::optional<WallTime> disabled_at;    ///< quarantine began and still holds
  Seconds quarantine{7 * 24 * 3600};
  int approvers = 0;                      ///< different people, none of them the requester
  std::optional<WallTime> destroy_after;  ///< end of the delay in which it can be cancelled
};

class ReferenceProof {
 public:
  struct Point {
    ProofPoint point = ProofPoint::kWriteFence;
    bool shown = false;
    std::string missing;  ///< stable word: what is missing; "" when shown
    std::string where;    ///< the place that it concerns, if one
  };
  static ReferenceProof of(const ReferenceFacts& facts, WallTime now);

  std::uint32_t version() const { return version_; }
  const std::array<Point, kProofPoints>& points() const { return points_; }
  bool complete() const;

 private:
  std::uint32_t version_ = 0;
  std::array<Point, kProofPoints> points_;
};

/// The gate before destruction. @errors kFailedPrecondition(references_not_proved): names the first
/// missing point
Status require_proof(const ReferenceProof& proof);

}  // namespace kw::rotation
