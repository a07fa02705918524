#include "rotation/reencryption_proof.h"

#include <gtest/gtest.h>

#include <functional>

namespace kw::rotation {
namespace {

using std::chrono::hours;

const WallTime kNow = from_micros(1'800'000'000'000'000);

ReferenceFacts proved() {
  ReferenceFacts facts;
  facts.version = 3;
  facts.fenced_at = kNow - hours(24 * 60);
  facts.places = {"orders"};
  facts.references = {{"acme", "k", "orders", 3, 0, kNow - hours(1000), kNow - hours(999)}};
  facts.transaction_age_max = Seconds(600);
  facts.meter_since = kNow - hours(24 * 90);
  facts.last_processed = kNow - hours(24 * 40);
  facts.unregistered_sightings = 0;
  facts.backups_until = kNow - hours(1);
  facts.swept_at = kNow - hours(2);
  facts.disabled_at = kNow - hours(24 * 8);
  facts.approvers = 2;
  facts.destroy_after = kNow;
  return facts;
}

// The only missing point, as "point: word", or what else there is to say.
std::string gap(const ReferenceFacts& facts) {
  const ReferenceProof proof = ReferenceProof::of(facts, kNow);
  std::string text;
  for (const auto& point : proof.points()) {
    if (point.shown) continue;
    text += std::string(proof_point_name(point.point)) + ": " + point.missing + point.where;
  }
  EXPECT_EQ(proof.complete(), text.empty());
  EXPECT_EQ(require_proof(proof).has_value(), text.empty());
  return text;
}

TEST(ReferenceProof, is_complete_when_all_eight_points_are_shown) {
  EXPECT_EQ(gap(proved()), "");
}

TEST(ReferenceProof, nothing_known_shows_nothing) {
  const ReferenceProof proof = ReferenceProof::of({}, kNow);
  for (const auto& point : proof.points()) EXPECT_FALSE(point.shown);
  EXPECT_EQ(require_proof(proof).error().reason, "references_not_proved");
}

struct Case {
  const char* expected;
  std::function<void(ReferenceFacts&)> spoil;
};

TEST(ReferenceProof, each_point_can_be_what_is_missing) {
  const std::vector<Case> cases = {
      {"census: not_countedarchive", [](auto& f) { f.places.push_back("archive"); }},
      {"census: items_leftorders", [](auto& f) { f.references[0].items = 1; }},
      {"census: counted_onceorders",
       [](auto& f) { f.references[0].second_at = f.references[0].first_at; }},
      {"census: counted_before_fenceorders",
       [](auto& f) { f.references[0].first_at = *f.fenced_at - hours(1); }},
      {"census: not_countedorders", [](auto& f) { f.references[0].version = 2; }},
      {"census: no_places_registered", [](auto& f) { f.places.clear(); }},
      {"quiet_meter: used", [](auto& f) { f.last_processed = kNow - hours(24 * 29); }},
      {"quiet_meter: meter_too_young", [](auto& f) { f.meter_since = kNow - hours(24 * 29); }},
      {"quiet_meter: meter_too_young", [](auto& f) { f.meter_since.reset(); }},
      {"no_sightings: sighted", [](auto& f) { f.unregistered_sightings = 1; }},
      {"no_sightings: not_metered", [](auto& f) { f.unregistered_sightings.reset(); }},
      {"backups: retention_runs", [](auto& f) { f.backups_until = kNow + hours(1); }},
      {"backups: retention_unknown", [](auto& f) { f.backups_until.reset(); }},
      {"sweep: not_swept", [](auto& f) { f.swept_at.reset(); }},
      {"sweep: swept_before_fence", [](auto& f) { f.swept_at = *f.fenced_at - hours(1); }},
      {"quarantine: too_short", [](auto& f) { f.disabled_at = kNow - hours(24 * 6); }},
      {"quarantine: not_disabled", [](auto& f) { f.disabled_at.reset(); }},
      {"approval: two_people", [](auto& f) { f.approvers = 1; }},
      {"approval: delay_runs", [](auto& f) { f.destroy_after = kNow + hours(1); }},
  };
  for (const Case& each : cases) {
    ReferenceFacts facts = proved();
    each.spoil(facts);
    EXPECT_EQ(gap(facts), each.expected);
  }
}

TEST(ReferenceProof, without_a_fence_neither_census_nor_sweep_counts) {
  ReferenceFacts facts = proved();
  facts.fenced_at.reset();
  EXPECT_EQ(gap(facts),
            "write_fence: not_fencedcensus: counted_before_fenceorderssweep: swept_before_fence");
}

TEST(ReferenceProof, escrow_stands_for_backups) {
  ReferenceFacts facts = proved();
  facts.backups_until = kNow + hours(1);
  facts.escrowed = true;
  EXPECT_EQ(gap(facts), "");
}

}  // namespace
}  // namespace kw::rotation
