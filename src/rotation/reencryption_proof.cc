#include "rotation/reencryption_proof.h"

#include <algorithm>

namespace kw::rotation {

namespace {

using Point = ReferenceProof::Point;

constexpr std::array<std::string_view, kProofPoints> kNames = {
    "write_fence", "census", "quiet_meter", "no_sightings",
    "backups",     "sweep",  "quarantine",  "approval"};
constexpr int kApproversMin = 2;

Point shown(ProofPoint point) {
  return {point, true, "", ""};
}
Point missing(ProofPoint point, std::string_view what, std::string_view where = "") {
  return {point, false, std::string(what), std::string(where)};
}

Point write_fence(const ReferenceFacts& facts, WallTime now) {
  const bool good = facts.fenced_at && *facts.fenced_at <= now;
  return good ? shown(ProofPoint::kWriteFence) : missing(ProofPoint::kWriteFence, "not_fenced");
}

// What is wrong with the counts of one place; "" when nothing is.
std::string_view census_gap(const ReferenceFacts& facts, std::string_view place) {
  const auto found = std::find_if(
      facts.references.begin(), facts.references.end(), [&](const Reference& reference) {
        return reference.place == place && reference.version == facts.version;
      });
  if (found == facts.references.end()) return "not_counted";
  if (found->items != 0) return "items_left";
  if (!facts.fenced_at || found->first_at < *facts.fenced_at) return "counted_before_fence";
  if (found->second_at - found->first_at < facts.transaction_age_max) return "counted_once";
  return "";
}

Point census(const ReferenceFacts& facts) {
  if (facts.places.empty()) return missing(ProofPoint::kCensus, "no_places_registered");
  for (const std::string& place : facts.places) {
    const std::string_view gap = census_gap(facts, place);
    if (!gap.empty()) return missing(ProofPoint::kCensus, gap, place);
  }
  return shown(ProofPoint::kCensus);
}

Point quiet_meter(const ReferenceFacts& facts, WallTime now) {
  const WallTime since = now - facts.quiet;
  if (!facts.meter_since || *facts.meter_since > since)
    return missing(ProofPoint::kQuietMeter, "meter_too_young");
  if (facts.last_processed && *facts.last_processed > since)
    return missing(ProofPoint::kQuietMeter, "used");
  return shown(ProofPoint::kQuietMeter);
}

Point no_sightings(const ReferenceFacts& facts) {
  if (!facts.unregistered_sightings) return missing(ProofPoint::kNoSightings, "not_metered");
  if (*facts.unregistered_sightings != 0) return missing(ProofPoint::kNoSightings, "sighted");
  return shown(ProofPoint::kNoSightings);
}

Point backups(const ReferenceFacts& facts, WallTime now) {
  if (facts.escrowed) return shown(ProofPoint::kBackups);
  if (!facts.backups_until) return missing(ProofPoint::kBackups, "retention_unknown");
  if (*facts.backups_until > now) return missing(ProofPoint::kBackups, "retention_runs");
  return shown(ProofPoint::kBackups);
}

Point sweep(const ReferenceFacts& facts) {
  if (!facts.swept_at) return missing(ProofPoint::kSweep, "not_swept");
  if (!facts.fenced_at || *facts.swept_at < *facts.fenced_at)
    return missing(ProofPoint::kSweep, "swept_before_fence");
  return shown(ProofPoint::kSweep);
}

Point quarantine(const ReferenceFacts& facts, WallTime now) {
  if (!facts.disabled_at) return missing(ProofPoint::kQuarantine, "not_disabled");
  if (now - *facts.disabled_at < facts.quarantine)
    return missing(ProofPoint::kQuarantine, "too_short");
  return shown(ProofPoint::kQuarantine);
}

Point approval(const ReferenceFacts& facts, WallTime now) {
  if (facts.approvers < kApproversMin) return missing(ProofPoint::kApproval, "two_people");
  if (!facts.destroy_after || *facts.destroy_after > now)
    return missing(ProofPoint::kApproval, "delay_runs");
  return shown(ProofPoint::kApproval);
}

}  // namespace

std::string_view proof_point_name(ProofPoint point) {
  return kNames.at(static_cast<std::size_t>(point));
}

ReferenceProof ReferenceProof::of(const ReferenceFacts& facts, WallTime now) {
  ReferenceProof proof;
  proof.version_ = facts.version;
  proof.points_ = {write_fence(facts, now), census(facts),       quiet_meter(facts, now),
                   no_sightings(facts),     backups(facts, now), sweep(facts),
                   quarantine(facts, now),  approval(facts, now)};
  return proof;
}

bool ReferenceProof::complete() const {
  return std::all_of(points_.begin(), points_.end(), [](const Point& each) { return each.shown; });
}

Status require_proof(const ReferenceProof& proof) {
  for (const Point& each : proof.points()) {
    if (each.shown) continue;
    return error(
        Code::kFailedPrecondition, "references_not_proved",
        "not shown yet: " + std::string(proof_point_name(each.point)) + " (" + each.missing + ")");
  }
  return ok();
}

}  // namespace kw::rotation
